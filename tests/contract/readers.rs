//! Readers of untrusted bytes against damaged input: the short form of the command `fuzz`.

use ml_connector_tests::fuzz::{Span, Target, fuzz, input, targets};

#[test]
fn no_reader_stumbles_over_damaged_input() {
    for target in targets(None) {
        if let Err(finding) = fuzz(&target, 2026, 0, Span::Runs(4_000)) {
            panic!(
                "{}, run {}: {}: {}",
                finding.target,
                finding.run,
                finding.what,
                finding.input.escape_ascii()
            );
        }
    }
}

#[test]
fn a_reader_that_panics_is_found_out_and_its_input_is_made_again() {
    let broken = Target {
        name: "broken",
        corpus: &["{\"a\":[1,2]}"],
        words: &["null"],
        check: |bytes| {
            assert!(!bytes.starts_with(b"[["), "such a reader is broken");
            if bytes.ends_with(b"]]") { Err("it ends badly".to_owned()) } else { Ok(()) }
        },
    };
    let finding = *fuzz(&broken, 7, 0, Span::Runs(5_000)).unwrap_err();
    assert_eq!(input(&broken, 7, finding.run), finding.input);
    assert_eq!(fuzz(&broken, 7, finding.run, Span::Runs(1)), Err(Box::new(finding)));
}
