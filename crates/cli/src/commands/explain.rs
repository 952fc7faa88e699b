//! `cachepolicy explain CODE`, `explain POLICY URL`, `explain POLICY --write WRITE`

use super::{Outcome, ReportFormat};
use crate::args::Session;
use crate::bound::witness;
use crate::diagnostics::page::{self, Page};
use crate::explain::{self, Request};
use crate::lints::LintArgs;
use crate::{input, output, policy};
use anyhow::{Context as _, Result, bail};
use cachepolicy_compiler::codes;
use std::path::Path;

/// Explain a diagnostic, a request or a write
///
/// With a CODE: what a diagnostic means and how to mend it; without anything: all codes.
/// With a policy and a URL: which levels the request looks up, under which keys, for how long copies
/// live, what they contain, and which writes reach them how late.
/// With a policy and a write: which keys and tags it removes, by which edge, when.
#[derive(Debug, clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cachepolicy explain stampede-unprotected
  cachepolicy explain shop.cachepolicy '/p/teapot?utm_source=x' --cookie currency=EUR --user 17
  cachepolicy explain shop.cachepolicy --write 'Product update slug=teapot:tea-pot'

In a write:
  field=old:new   a field that changes
  field=value     one that does not
  author.name=x   a field of a row that it refers to
  \\:              a colon in a value"
)]
pub(crate) struct Args {
    /// A diagnostic's code, or a policy
    #[arg(value_name = "CODE|POLICY")]
    subject: Option<String>,
    /// The request: `/path?query`, or with scheme and host
    #[arg(conflicts_with = "write")]
    url: Option<String>,
    /// The write: `MODEL create|update|delete FIELD=VALUE …`
    #[arg(long, value_name = "WRITE")]
    write: Option<String>,
    /// The request's method
    #[arg(long, default_value = "GET", requires = "url")]
    method: String,
    /// One of its headers; can be repeated
    #[arg(long, value_name = "NAME: VALUE", value_parser = header, requires = "url")]
    header: Vec<(String, String)>,
    /// One of its cookies; can be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, requires = "url")]
    cookie: Vec<(String, String)>,
    /// Who is logged in; left out: nobody
    #[arg(long, value_name = "ID", requires = "url")]
    user: Option<String>,
    /// What the application knows of the request: `plan=pro`, `user.role=editor`; can be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, requires = "url")]
    attr: Vec<(String, String)>,
    /// How to say it
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    #[command(flatten)]
    lints: LintArgs,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is `Name: value`")?;
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected `name=value`")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// Explains it.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let Some(subject) = &arguments.subject else {
        return list(arguments.format, session);
    };
    if arguments.url.is_none() && arguments.write.is_none() {
        return code(subject, arguments.format, session);
    }
    let overrides = policy::OverrideArgs::default();
    let Some(policy) = policy::compile(Path::new(subject), &overrides, &arguments.lints, session)?
    else {
        return Ok(Outcome::Failed);
    };
    let text = match (&arguments.url, &arguments.write) {
        (Some(url), _) => {
            let explanation = explain::explain_request(&policy, &request(arguments, url));
            match arguments.format {
                ReportFormat::Human => explain::request_for_people(&explanation, session.stdout),
                ReportFormat::Json => json(&explanation)?,
            }
        }
        (None, Some(write)) => {
            let removal = explain::explain_write(&policy, &explain::parse_write(&policy, write)?);
            match arguments.format {
                ReportFormat::Human => explain::removal_for_people(&removal, session.stdout),
                ReportFormat::Json => json(&removal)?,
            }
        }
        (None, None) => String::new(),
    };
    print(&text)
}

/// A diagnostic's page.
fn code(code: &str, format: ReportFormat, session: Session) -> Result<Outcome> {
    let Some(doc) = codes::find(code) else {
        let is_policy =
            code == input::STDIN || code.ends_with(".cachepolicy") || Path::new(code).exists();
        if is_policy {
            bail!("what of `{code}` shall be explained? Give a URL, or `--write` with a write");
        }
        bail!("{}", cachepolicy_render::unknown_code(code));
    };
    match format {
        ReportFormat::Human => {
            let mut text = page::page(doc, session.stdout);
            if let Some(happens) = witness::of_code(doc, session.stdout)? {
                text.push('\n');
                text.push_str(&happens);
            }
            print(&text)
        }
        ReportFormat::Json => print(&json(&Page::of(doc))?),
    }
}

/// All diagnostics.
fn list(format: ReportFormat, session: Session) -> Result<Outcome> {
    match format {
        ReportFormat::Human => print(&page::list(session.stdout)),
        ReportFormat::Json => print(&json(&codes::codes().map(Page::of).collect::<Vec<_>>())?),
    }
}

fn print(text: &str) -> Result<Outcome> {
    output::print(text).context("cannot write to standard output")?;
    Ok(Outcome::Fine)
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}

fn request(arguments: &Args, url: &str) -> Request {
    Request {
        method: arguments.method.to_ascii_uppercase(),
        target: url.to_owned(),
        headers: arguments.header.clone(),
        cookies: arguments.cookie.clone(),
        user: arguments.user.clone(),
        attrs: arguments.attr.clone(),
    }
}
