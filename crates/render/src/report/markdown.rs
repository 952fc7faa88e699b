//! The report as Markdown that GitHub and GitLab show: the sections of the one for people.

use super::human::{self, View};
use super::page::Layout;

/// The whole report.
pub fn render(view: &View<'_>) -> String {
    human::render(&View {
        layout: Layout::Markdown,
        ..*view
    })
}
