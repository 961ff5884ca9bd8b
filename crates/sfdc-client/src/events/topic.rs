//! What is subscribed to.

use std::fmt;

/// A topic of change events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Topic {
    name: String,
    entity: Option<String>,
}

/// A name that no object and no channel can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no API name: letters, digits and underscores, such as Account or Sync__chn")]
pub struct TopicError(pub String);

impl Topic {
    /// The changes of all objects that the org's standard channel selects.
    pub fn standard() -> Self {
        Self { name: "/data/ChangeEvents".to_owned(), entity: None }
    }

    /// The changes of one object, such as `Account` or `Site__c`.
    pub fn of(object: &str) -> Result<Self, TopicError> {
        let object = checked(object)?;
        let event = match object.strip_suffix("__c") {
            Some(custom) => format!("{custom}__ChangeEvent"),
            None => format!("{object}ChangeEvent"),
        };
        Ok(Self { name: format!("/data/{event}"), entity: Some(object.to_owned()) })
    }

    /// The changes that a custom channel selects, such as `Sync__chn`: our own channel can be
    /// enriched with the external id, which updates and deletions would not carry.
    pub fn channel(name: &str) -> Result<Self, TopicError> {
        let name = checked(name)?;
        if !name.ends_with("__chn") {
            return Err(TopicError(name.to_owned()));
        }
        Ok(Self { name: format!("/data/{name}"), entity: None })
    }

    /// The name as the Pub/Sub API knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The object, if the topic is about one only.
    pub fn entity(&self) -> Option<&str> {
        self.entity.as_deref()
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn checked(name: &str) -> Result<&str, TopicError> {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'_';
    let good = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()) && name.bytes().all(fits);
    if good { Ok(name) } else { Err(TopicError(name.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_named_as_the_org_names_them() {
        assert_eq!(Topic::standard().name(), "/data/ChangeEvents");
        assert_eq!(
            Topic::of("Account").map(|topic| topic.to_string()),
            Ok("/data/AccountChangeEvent".into())
        );
        let site = Topic::of("Site__c").expect("a name");
        assert_eq!((site.name(), site.entity()), ("/data/Site__ChangeEvent", Some("Site__c")));
        assert_eq!(Topic::channel("Sync__chn").map(|topic| topic.to_string()), Ok("/data/Sync__chn".into()));
        for bad in ["", "../x", "A b", "1A", "Ä"] {
            assert!(Topic::of(bad).is_err(), "{bad}");
        }
        assert!(Topic::channel("Sync").is_err());
    }
}
