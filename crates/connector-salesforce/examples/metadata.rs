//! Writes the metadata that setup deploys into a folder: `cargo run -p connector-salesforce --example
//! metadata salesforce`.

use std::path::Path;

use connector_salesforce::setup::{Wanted, metadata};

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "salesforce".to_owned());
    for (path, content) in metadata(&Wanted::shipped()) {
        let path = Path::new(&folder).join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        std::fs::write(path, content)?;
    }
    Ok(())
}
