//! One recipe for each task, against an IFS Cloud that runs in this process:
//! `cargo run -p odata-client --example cookbook` runs all of them, `… -- walk write` some.

mod asking;
mod batching;
mod calling;
mod describing;
mod reading;
mod tenant;
mod walking;
mod writing;

use std::future::Future;
use std::pin::Pin;

use tenant::Tenant;

/// What a recipe ends with.
pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

type Recipe = for<'t> fn(&'t Tenant) -> Pin<Box<dyn Future<Output = Outcome> + 't>>;

const RECIPES: &[(&str, &str, Recipe)] = &[
    ("ask", "say what is wanted: filters, orders, expansions", |tenant| Box::pin(asking::run(tenant))),
    ("read", "rows, rows as structs, counts, single values", |tenant| Box::pin(reading::run(tenant))),
    ("walk", "read everything, page by page, and take it up again", |tenant| Box::pin(walking::run(tenant))),
    ("write", "create, change and delete with ETags", |tenant| Box::pin(writing::run(tenant))),
    ("batch", "several requests in one, some of them as one", |tenant| Box::pin(batching::run(tenant))),
    ("call", "actions and functions", |tenant| Box::pin(calling::run(tenant))),
    ("describe", "metadata, what is allowed, what has changed", |tenant| Box::pin(describing::run(tenant))),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for (name, what, recipe) in RECIPES {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            println!("{name}: {what}");
            recipe(&Tenant::new()?).await?;
            println!();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_recipe_works() {
        for (name, _, recipe) in RECIPES {
            let outcome = recipe(&Tenant::new().unwrap()).await;
            outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
