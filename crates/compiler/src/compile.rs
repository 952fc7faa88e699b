//! The stages: files → names → lowering → order → checks.

use crate::allow;
use crate::checks;
use crate::context::Context;
use crate::graph::PolicyGraph;
use crate::loader::{Loaded, Loader, NoImports, load};
use crate::overrides::{self, Override};
use crate::program;
use cachepolicy_core::Policy;
use cachepolicy_core::hash::StableHasher;
use cachepolicy_core::sorting;
use cachepolicy_syntax::limits::MAX_DIAGNOSTICS;
use cachepolicy_syntax::{Diagnostic, Severity, Sources};

/// What can be said beside the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Properties that replace those in the text.
    pub overrides: Vec<Override>,
}

/// What became of a policy's text.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// All texts; the first is the root, overrides come last.
    pub sources: Sources,
    /// The policy, unless its text has a mistake. What the analysis finds, at error level too, keeps
    /// nobody from looking at it.
    pub policy: Option<Policy>,
    /// How its parts hang together; of a policy with errors, as far as it is known.
    pub graph: PolicyGraph,
    /// Everything that was found, in the order of the files and of the places in them.
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles a policy. `name` is the path of the root file as its author gave it, `text` its text;
/// what it imports comes from `loader`.
#[must_use]
pub fn compile(name: &str, text: &str, loader: &mut dyn Loader, options: &Options) -> Compiled {
    let mut loaded = load(name, text, loader);
    overrides::apply(&mut loaded, &options.overrides);
    let Loaded {
        sources,
        items,
        comments,
        diagnostics,
        statements,
    } = loaded;
    let mut cx = Context::new(&sources, diagnostics);
    let drafts = program::lower(&mut cx, &items);
    checks::run(&mut cx, &drafts);
    let is_sound = cx.is_sound;
    cx.policy.files = sources
        .iter()
        .map(|(_, source)| source.name.clone())
        .collect();
    cx.policy.hash = hash(&sources);
    let Context {
        mut diagnostics,
        policy,
        ..
    } = cx;
    allow::apply(&sources, &comments, &statements, &mut diagnostics);
    sorting::by_key(&mut diagnostics, |diagnostic| {
        let span = diagnostic.primary.span;
        (span.file, span.start, span.end)
    });
    limit(&mut diagnostics);
    Compiled {
        graph: PolicyGraph::of(&policy),
        sources,
        policy: is_sound.then_some(policy),
        diagnostics,
    }
}

/// Compiles a text that imports nothing.
#[must_use]
pub fn compile_text(name: &str, text: &str) -> Compiled {
    compile(name, text, &mut NoImports, &Options::default())
}

/// Not more errors than anybody reads.
fn limit(diagnostics: &mut Vec<Diagnostic>) {
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
    let errors = diagnostics.iter().filter(|found| is_error(found)).count();
    let over = diagnostics
        .iter()
        .enumerate()
        .filter(|(_, found)| is_error(found))
        .nth(MAX_DIAGNOSTICS);
    if let Some((index, first)) = over {
        let message = format!("there are {} more mistakes", errors - MAX_DIAGNOSTICS);
        let last = Diagnostic::error("too-many-mistakes", first.primary.span, message)
            .help("mend those above first");
        diagnostics.truncate(index);
        diagnostics.push(last);
    }
}

/// Of all texts, in order. The names do not count: they are paths of one machine.
fn hash(sources: &Sources) -> String {
    let mut hasher = StableHasher::new();
    for (_, source) in sources.iter() {
        hasher.write_text(&source.text);
    }
    hasher.to_hex()
}
