//! The `ml-connector` command.

fn main() -> std::process::ExitCode {
    ml_connector::Runner::new().run()
}
