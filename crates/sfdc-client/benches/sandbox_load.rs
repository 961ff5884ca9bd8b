//! Records through collections and through Bulk into an org in this process, what became of each of them
//! included: client and org together, on one thread. `bulk_csv` and `collections_json` tell how much of it
//! is encoding; the example `accounts` measures the client alone, over the network.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sandbox::salesforce::Matching;

use load::{REFUSED, Way, load};
use org::Org;

#[path = "../examples/accounts/load.rs"]
mod load;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/attacks_and_faults/org.rs"]
mod org;

const ROWS: u32 = 10_000;

fn loading(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let Ok(runtime) = runtime else { return };
    let mut group = criterion.benchmark_group("load into an org in process");
    group.throughput(Throughput::Elements(u64::from(ROWS))).sample_size(10);
    for (name, way) in [("collections", Way::Collections), ("bulk", Way::Bulk)] {
        let org = || {
            let _guard = runtime.enter();
            let org = Org::new();
            org.sandbox.switch(|switches| {
                switches.refused = Some(Matching::new("Name", REFUSED));
            });
            org
        };
        group.bench_function(name, |bench| {
            bench.iter_batched(
                org,
                |org| {
                    let loaded = runtime.block_on(load(&org.client, &org.clock, ROWS, way));
                    // A row with another outcome than it had to have ends the figures.
                    let whole = |loaded: load::Loaded| {
                        loaded.wrong.is_empty() && loaded.rows() == usize::try_from(ROWS).unwrap_or(0)
                    };
                    assert!(loaded.is_ok_and(whole));
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, loading);
criterion_main!(benches);
