//! Reads a made-up metadata document of a chosen number of types and shows what it costs:
//! `cargo run --release -p odata-client --example large_metadata -- 8000 json`.

use std::fmt::Write as _;

use odata_client::Metadata;
use wire::{Clock as _, SystemClock};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let types = std::env::args().nth(1).map_or(Ok(8_000), |text| text.parse::<u32>())?;
    let is_json = std::env::args().nth(2).is_some_and(|format| format == "json");
    let document = if is_json { json(types)? } else { xml(types)? };
    let (before, begun) = (resident(), SystemClock.elapsed());
    let metadata = Metadata::read(document.as_bytes())?;
    let took = SystemClock.elapsed().saturating_sub(begun).as_secs_f64();
    println!("{} types in {} MiB read in {took:.2} s", metadata.entity_types.len(), document.len() >> 20);
    println!("the model holds {} MiB", resident().saturating_sub(before) >> 10);
    println!("reading took {} MiB at most beside the document", peak().saturating_sub(before) >> 10);
    Ok(())
}

fn xml(types: u32) -> Result<String, std::fmt::Error> {
    let mut out =
        String::from(r#"<Edmx Version="4.0"><DataServices><Schema Namespace="IfsApp.Large" Alias="Self">"#);
    for number in 0..types {
        write!(
            out,
            r#"<EntityType Name="Type{number}"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.String" Nullable="false"/>"#
        )?;
        for property in 0..40 {
            write!(
                out,
                r#"<Property Name="Property{property}" Type="Edm.String" MaxLength="{}"><Annotation Term="Org.OData.Core.V1.Description" String="words about it"/></Property>"#,
                property + 1
            )?;
        }
        out.push_str("</EntityType>");
    }
    out.push_str("</Schema></DataServices></Edmx>");
    Ok(out)
}

fn json(types: u32) -> Result<String, std::fmt::Error> {
    let mut out = String::from(r#"{"$Version":"4.0","IfsApp.Large":{"$Alias":"Self""#);
    for number in 0..types {
        write!(out, r#","Type{number}":{{"$Kind":"EntityType","$Key":["Id"],"Id":{{}}"#)?;
        for property in 0..40 {
            write!(
                out,
                r#","Property{property}":{{"$Nullable":true,"$MaxLength":{},"@Org.OData.Core.V1.Description":"words about it"}}"#,
                property + 1
            )?;
        }
        out.push('}');
    }
    out.push_str("}}");
    Ok(out)
}

/// The memory that the process holds, in KiB, as Linux tells it; 0 elsewhere.
fn resident() -> u64 {
    status("VmRSS:")
}

/// The most memory that the process has held, in KiB.
fn peak() -> u64 {
    status("VmHWM:")
}

fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value =
        status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok());
    value.unwrap_or_default()
}
