//! Colours, where they are wanted.

use owo_colors::{OwoColorize, Style};

/// Paints, or leaves text as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// Text as it is.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self(false);

    fn with(self, style: Style, text: &str) -> String {
        if self.0 { text.style(style).to_string() } else { text.to_owned() }
    }

    /// Headings and names.
    pub(crate) fn strong(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// What matters less.
    pub(crate) fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    /// As it should be.
    pub(crate) fn good(self, text: &str) -> String {
        self.with(Style::new().green(), text)
    }

    /// Look at it.
    pub(crate) fn warn(self, text: &str) -> String {
        self.with(Style::new().yellow(), text)
    }

    /// Must be mended.
    pub(crate) fn bad(self, text: &str) -> String {
        self.with(Style::new().red().bold(), text)
    }
}
