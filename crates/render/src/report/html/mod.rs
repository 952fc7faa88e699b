//! The report as HTML: the tables of the report for people, and charts. One file that needs nothing else, or
//! a piece of a page that has a style of its own.

mod chart;
mod charts;
mod staleness;

use super::human::{self, View};
use super::page::Layout;
use crate::output::html::escaped;

/// The style of charts and tables.
const STYLE: &str = include_str!("report.css");

/// The style of a page that is nothing but the report.
const PAGE_STYLE: &str = include_str!("page.css");

/// The report's charts and tables, for a page that has a style of its own.
pub fn fragment(view: &View<'_>) -> String {
    let view = View {
        layout: Layout::Html,
        ..*view
    };
    let charts = charts::render(&view) + &staleness::render(&view);
    human::with_charts(&view, charts)
}

/// The report as a page that needs nothing else: no script, no font, no network.
pub fn page(view: &View<'_>) -> String {
    let title = escaped(&format!("{} on {}", view.report.policy.name, view.input));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>\n{PAGE_STYLE}{STYLE}</style>\n</head>\n\
         <body>\n<main class=\"report\">\n{}</main>\n<footer>cachepolicy {} · policy {} · the same policy, trace and seed give the same report</footer>\n</body>\n</html>\n",
        fragment(view),
        escaped(&view.report.tool),
        escaped(&view.report.policy.hash),
    )
}
