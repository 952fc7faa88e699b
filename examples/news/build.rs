//! The policy becomes part of the site: one with an error is no site.

fn main() -> Result<(), cachepolicy_build::Error> {
    cachepolicy_build::policy("../../policies/news.cachepolicy")
        .codec("cachepolicy_runtime::Json")
        .value("article", "crate::pages::Article")
        .value("top_authors", "String")
        .value("site_settings", "String")
        .value("sidebar", "String")
        .compile()
}
