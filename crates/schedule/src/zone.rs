//! Time zones by name.

use jiff::tz::TimeZone;

use crate::ScheduleError;

/// The zone of this name, such as `Europe/Stockholm` or `UTC`.
pub fn zone(name: &str) -> Result<TimeZone, ScheduleError> {
    TimeZone::get(name).map_err(|_| ScheduleError::Zone { name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_their_names() {
        assert_eq!(zone("Europe/Stockholm").unwrap().iana_name(), Some("Europe/Stockholm"));
        assert!(zone("UTC").is_ok());
        let error = zone("Europe/Atlantis").unwrap_err();
        assert!(error.to_string().contains("Atlantis"), "{error}");
    }
}
