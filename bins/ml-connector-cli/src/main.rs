//! The `ml-connector` command.

/// A load is full of small texts that come and go, and this allocator is quicker at them than the
/// system's; it keeps some more memory for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ml_connector::Runner::new().run()
}
