//! Where a dimension is found among what a request carries.

use crate::tables::is_host;
use cachepolicy_core::policy::Carrier;
use cachepolicy_trace::block::Carried;

/// What a request carries for a dimension.
pub(crate) enum Found<'r> {
    Value(&'r str),
    /// Nothing; whether the trace would have it.
    Nothing {
        known: bool,
    },
    /// It follows from the request's user or target; whether the trace has that.
    Elsewhere {
        known: bool,
    },
}

/// The value of a dimension among what a request carries.
pub(crate) fn carried_value<'r>(carrier: &Carrier, carried: &'r Carried) -> Found<'r> {
    let find = |list: &'r [(String, String)], name: &str| {
        let found = list.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let (found, otherwise) = match carrier {
        Carrier::User(field) if field == "id" => (
            None,
            Found::Elsewhere {
                known: carried.user_known,
            },
        ),
        Carrier::User(field) => {
            let is_it = |name: &str| {
                name == field || name.strip_prefix("user.").is_some_and(|name| name == field)
            };
            let found = carried.attrs.iter().find(|(name, _)| is_it(name));
            // Nobody has no properties.
            let known = carried.user_known;
            (
                found.map(|(_, value)| value.as_str()),
                Found::Elsewhere { known },
            )
        }
        Carrier::Header(name) => {
            let known = carried.headers_known || carried.absent_headers.contains(name);
            let otherwise = if is_host(carrier) {
                Found::Elsewhere { known }
            } else {
                Found::Nothing { known }
            };
            (find(&carried.headers, name), otherwise)
        }
        Carrier::Cookie(name) => (
            find(&carried.cookies, name),
            Found::Nothing {
                known: carried.cookies_known || carried.absent_cookies.contains(name),
            },
        ),
        Carrier::Attr(name) => (find(&carried.attrs, name), Found::Nothing { known: false }),
        Carrier::Query(_) => (None, Found::Nothing { known: true }),
    };
    found.map_or(otherwise, Found::Value)
}

/// The user's id.
pub(crate) fn is_user(carrier: &Carrier) -> bool {
    matches!(carrier, Carrier::User(field) if field == "id")
}

/// A property of the user.
pub(crate) fn is_property(carrier: &Carrier) -> bool {
    matches!(carrier, Carrier::User(field) if field != "id")
}
