//! The code of a policy.

use crate::names::Scope;
use cachepolicy_compiler::closest;
use cachepolicy_core::Policy;
use cachepolicy_core::level::Level;
use cachepolicy_core::policy::{Field, Model};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Of which types the values of levels are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    /// By the names of the levels.
    pub(crate) types: BTreeMap<String, String>,
    /// A constant.
    pub(crate) codec: Option<String>,
}

/// What the generated module has beside models and the handles of levels.
const ITEMS: &[&str] = &["Cache", "Write", "ARTEFACT", "builder", "data"];
const METHODS: &[&str] = &["new", "runtime", "write", "write_before_commit"];

/// A level that has a handle.
struct Handle<'p> {
    level: &'p Level,
    /// Of its field and its method.
    name: String,
    /// Of the method for several keys, where the level has a key.
    each: String,
    /// Of its values; `None`: whatever the work gives.
    value: Option<&'p str>,
}

/// The code of a policy whose artefact lies beside it.
pub(crate) fn code(policy: &Policy, module: &str, values: &Values) -> Result<String, String> {
    check(policy, values)?;
    let mut items = Scope::with(ITEMS);
    let models = policy.models.iter();
    let models: Vec<_> = models.map(|it| (it, items.name(&it.name))).collect();
    let handles = handles(policy, values);
    let mut code = String::new();
    head(&mut code, policy, module, values);
    cache(&mut code, policy, &handles);
    if !models.is_empty() {
        code.push_str(WRITE);
    }
    for (model, name) in &models {
        row(&mut code, policy, model, name);
    }
    data(&mut code, policy);
    Ok(code)
}

fn handles<'p>(policy: &'p Policy, values: &'p Values) -> Vec<Handle<'p>> {
    let mut methods = Scope::with(METHODS);
    let named: Vec<_> = inner(policy)
        .map(|level| (level, methods.name(&level.name)))
        .collect();
    let named = named.into_iter();
    named
        .map(|(level, name)| Handle {
            each: methods.name(&format!("{}_each", level.name)),
            value: values.types.get(&level.name).map(String::as_str),
            level,
            name,
        })
        .collect()
}

/// The levels that a service looks up by name: those without a route.
fn inner(policy: &Policy) -> impl Iterator<Item = &Level> + Clone {
    policy.levels.iter().filter(|level| level.route.is_none())
}

fn check(policy: &Policy, values: &Values) -> Result<(), String> {
    let known = inner(policy).map(|level| level.name.as_str());
    for name in values.types.keys() {
        if known.clone().any(|level| level == name) {
            continue;
        }
        let advice = match closest(name, known.clone()) {
            Some(meant) => format!("; did you mean `{meant}`?"),
            None => String::new(),
        };
        return Err(format!(
            "the build script says of which type the values of `{name}` are, and the policy has no object \
             or fragment of that name{advice}"
        ));
    }
    Ok(())
}

/// The artefact, and a builder that knows the types.
fn head(code: &mut String, policy: &Policy, module: &str, values: &Values) {
    let file = policy.files.first().map_or("", String::as_str);
    let mut known = String::new();
    if let Some(codec) = &values.codec {
        for (level, of) in &values.types {
            push(
                &mut known,
                format_args!("\n        .values::<{of}>({level:?}, {codec})"),
            );
        }
    }
    push(
        code,
        format_args!(
            "// Made of `{file}` by its build script. What is changed here by hand is lost.

/// The compiled policy `{name}`.
pub const ARTEFACT: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{module}.policy.json\"));

/// Begins to build a cache by this policy.
///
/// # Errors
/// The runtime is of another version than what compiled the policy, and cannot read it.
pub fn builder() -> Result<::cachepolicy_runtime::Builder, ::cachepolicy_runtime::ArtefactError> {{
    let policy = ::cachepolicy_runtime::decode(ARTEFACT)?;
    Ok(::cachepolicy_runtime::Cache::builder(policy){known})
}}
",
            name = policy.name,
        ),
    );
}

fn cache(code: &mut String, policy: &Policy, handles: &[Handle<'_>]) {
    let (mut fields, mut news, mut methods) = (String::new(), String::new(), String::new());
    for handle in handles {
        let Handle {
            level, name, value, ..
        } = handle;
        let (of, convert) = match value {
            Some(value) => (
                format!("::cachepolicy_runtime::LevelOf<{value}>"),
                ".into()",
            ),
            None => ("::cachepolicy_runtime::Level".to_owned(), ""),
        };
        push(&mut fields, format_args!("\n    {name}: {of},"));
        push(
            &mut news,
            format_args!(
                "\n            {name}: runtime.level({:?})?{convert},",
                level.name
            ),
        );
        method(&mut methods, policy, handle);
    }
    let writes = if policy.models.is_empty() { "" } else { WRITES };
    push(
        code,
        format_args!(
            "
/// A cache by the policy `{}`, with a method for each of its objects and fragments. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cache {{
    runtime: ::cachepolicy_runtime::Cache,{fields}
}}

impl Cache {{
    /// Of a cache that [`builder`] began.
    ///
    /// # Errors
    /// It is by another policy, which has not all of these levels.
    pub fn new(runtime: ::cachepolicy_runtime::Cache) -> Result<Self, ::cachepolicy_runtime::UnknownLevel> {{
        Ok(Self {{{news}
            runtime,
        }})
    }}

    /// The cache itself, for what is the same whatever the policy.
    pub fn runtime(&self) -> &::cachepolicy_runtime::Cache {{
        &self.runtime
    }}
{writes}{methods}}}
",
            policy.name
        ),
    );
}

const WRITES: &str = "
    /// The policy's edges that act after the commit, for a write that has been committed.
    ///
    /// # Errors
    /// See [`cachepolicy_runtime::Cache::write`].
    pub async fn write(
        &self,
        write: &Write,
    ) -> Result<::cachepolicy_runtime::Delivered, ::cachepolicy_runtime::WriteError> {
        self.runtime.write(&write.0).await
    }

    /// The policy's edges that act before the commit, for a write that is about to be committed.
    ///
    /// # Errors
    /// See [`cachepolicy_runtime::Cache::write`].
    pub async fn write_before_commit(
        &self,
        write: &Write,
    ) -> Result<::cachepolicy_runtime::Delivered, ::cachepolicy_runtime::WriteError> {
        self.runtime.write_before_commit(&write.0).await
    }
";

const WRITE: &str = "
/// A write of one of the policy's models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write(::cachepolicy_runtime::Write);
";

/// The handle of a level, for one key and for several.
fn method(code: &mut String, policy: &Policy, handle: &Handle<'_>) {
    let Handle {
        level,
        name,
        each,
        value,
    } = handle;
    let mut scope = Scope::with(&["self"]);
    let params = level.params.iter();
    let params: Vec<_> = params.map(|it| scope.name(it)).collect();
    let key = match value {
        Some(value) => format!("::cachepolicy_runtime::KeyOf<{value}>"),
        None => "::cachepolicy_runtime::Key".to_owned(),
    };
    let takes: String = params
        .iter()
        .map(|param| format!(", {param}: impl ToString"))
        .collect();
    let texts: Vec<_> = params
        .iter()
        .map(|param| format!("{param}.to_string()"))
        .collect();
    let declared = format!(
        "the {} `{}` (line {})",
        level.kind.name(),
        level.name,
        level.place.line
    );
    let file = policy.file(level.place);
    push(
        code,
        format_args!(
            "
    /// A copy of {declared} of `{file}`.
    pub fn {name}(&self{takes}) -> {key} {{
        self.{name}.with([{}])
    }}
",
            texts.join(", ")
        ),
    );
    if params.is_empty() {
        return;
    }
    let kinds: Vec<_> = (0..params.len()).map(|index| format!("P{index}")).collect();
    let bounds: Vec<_> = kinds
        .iter()
        .map(|kind| format!("{kind}: ToString"))
        .collect();
    let (item, pattern) = match (&*kinds, &*params) {
        ([kind], [param]) => (kind.clone(), param.clone()),
        _ => (
            format!("({})", kinds.join(", ")),
            format!("({})", params.join(", ")),
        ),
    };
    let given = value.map(|value| format!("<Value = {value}>"));
    let load = format!(
        "::cachepolicy_runtime::LoadEach{}",
        given.unwrap_or_default()
    );
    push(
        code,
        format_args!(
            "
    /// Several copies of {declared}, in the order of their keys: what is missing is made together, as its
    /// `batch` says.
    pub async fn {each}<{bounds}, L: {load}>(
        &self,
        keys: impl IntoIterator<Item = {item}>,
        load: L,
    ) -> Vec<::cachepolicy_runtime::Each<L>> {{
        let keys: Vec<_> = keys.into_iter().map(|{pattern}| self.{name}.with([{}])).collect();
        self.{name}.get_or_load_each(keys, load).await
    }}
",
            texts.join(", "),
            bounds = bounds.join(", "),
        ),
    );
}

/// A model's rows.
fn row(code: &mut String, policy: &Policy, model: &Model, name: &str) {
    let mut scope = Scope::default();
    let (mut fields, mut values) = (String::new(), String::new());
    for field in &model.fields {
        let rust = scope.name(&field.name);
        push(
            &mut fields,
            format_args!(
                "    /// {}\n    pub {rust}: ::cachepolicy_runtime::Value,\n",
                meaning(policy, field)
            ),
        );
        push(
            &mut values,
            format_args!("            ({:?}, row.{rust}),\n", field.name),
        );
    }
    let model = &model.name;
    push(
        code,
        format_args!(
            "
/// A row of `{model}`, as far as the policy knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct {name} {{
{fields}}}

impl {name} {{
    /// A new row.
    pub fn create(new: impl Into<Self>) -> Write {{
        Write(::cachepolicy_runtime::Write::create({model:?}, new.into().into()))
    }}

    /// A row that was changed: as it was, and as it is.
    pub fn update(old: impl Into<Self>, new: impl Into<Self>) -> Write {{
        let (old, new) = (old.into().into(), new.into().into());
        Write(::cachepolicy_runtime::Write::update({model:?}, old, new))
    }}

    /// A row that is no more.
    pub fn delete(old: impl Into<Self>) -> Write {{
        Write(::cachepolicy_runtime::Write::delete({model:?}, old.into().into()))
    }}
}}

impl From<{name}> for ::cachepolicy_runtime::Row {{
    fn from(row: {name}) -> Self {{
        Self::new([
{values}        ])
    }}
}}

impl From<{name}> for ::cachepolicy_runtime::Value {{
    fn from(row: {name}) -> Self {{
        ::cachepolicy_runtime::Row::from(row).into()
    }}
}}
"
        ),
    );
}

/// What a field takes, for its documentation.
fn meaning(policy: &Policy, field: &Field) -> String {
    let Some(reference) = field.reference else {
        return format!("`{}`", field.name);
    };
    let to = policy.models.get(reference.model.index());
    let to = to.map_or("", |model| model.name.as_str());
    if reference.many {
        format!("`{} -> many {to}`: the rows, as a `Vec`.", field.name)
    } else {
        format!(
            "`{} -> {to}`: the row, or its `id` where no edge asks for more.",
            field.name
        )
    }
}

/// What levels find while they are filled.
fn data(code: &mut String, policy: &Policy) {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for level in &policy.levels {
        for data in &level.data {
            let levels = found.entry(&data.name).or_default();
            levels.push(&level.name);
        }
    }
    if found.is_empty() {
        return;
    }
    code.push_str(
        "\n/// What work finds while it fills a copy, as the policy declares it.\npub mod data {\n",
    );
    let mut scope = Scope::default();
    for (name, levels) in found {
        let levels: Vec<_> = levels.iter().map(|level| format!("`{level}`")).collect();
        push(
            code,
            format_args!(
                "    /// Says the `{name}` that the work in hand found: of {}.
    pub fn {}<V: ToString>(values: impl IntoIterator<Item = V>) {{
        let values = values.into_iter().map(|value| value.to_string());
        ::cachepolicy_runtime::data({name:?}, values);
    }}
",
                levels.join(", "),
                scope.name(name)
            ),
        );
    }
    code.push_str("}\n");
}

fn push(code: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = code.write_fmt(text);
}
