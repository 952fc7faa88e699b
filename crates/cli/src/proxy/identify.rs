//! What only the application knows of a request, as far as a proxy can see it: a cookie or a field
//! that goes with those who are logged in.

use anyhow::{Result, bail};
use cachepolicy_core::policy::{Carrier, Policy};
use cachepolicy_core::url::cookie_value;
use cachepolicy_render::did_you_mean;
use cachepolicy_runtime::{HttpOptions, RequestBuilder, field_text};
use http::HeaderMap;
use http::header::COOKIE;

/// Whose value is found where.
#[derive(Debug, Clone)]
struct Identity {
    of: Of,
    at: At,
}

/// What the policy calls it.
#[derive(Debug, Clone)]
enum Of {
    User(String),
    Attr(String),
}

/// Where it is.
#[derive(Debug, Clone)]
enum At {
    Cookie(String),
    Header(String),
}

/// Lets the layer know what these say, each as `user.id=cookie:sessionid`.
pub(crate) fn identify(
    options: HttpOptions,
    policy: &Policy,
    said: &[String],
) -> Result<HttpOptions> {
    if said.is_empty() {
        return Ok(options);
    }
    let identities: Result<Vec<_>> = said.iter().map(|it| Identity::of(policy, it)).collect();
    let identities = identities?;
    Ok(options.identify(move |parts, builder| {
        let known = identities.iter();
        known.fold(builder, |builder, it| it.tell(&parts.headers, builder))
    }))
}

impl Identity {
    fn of(policy: &Policy, said: &str) -> Result<Self> {
        let parts = said
            .split_once('=')
            .and_then(|(name, at)| Some((name, at.split_once(':')?)));
        let Some((name, (kind, at))) = parts.filter(|(_, (_, at))| !at.is_empty()) else {
            bail!(
                "`--identify {said}`: write what the policy calls it and where it is, such as `user.id=cookie:sessionid` or `user.id=header:x-user`"
            );
        };
        let at = match kind {
            "cookie" => At::Cookie(at.to_owned()),
            "header" => At::Header(at.to_owned()),
            _ => bail!(
                "`--identify {said}`: a value is in a `cookie` or a `header`, not in a `{kind}`"
            ),
        };
        let of_application = policy.dimensions.iter().filter_map(|it| match &it.carrier {
            Carrier::User(field) => Some((it.name.as_str(), Of::User(field.clone()))),
            Carrier::Attr(attr) => Some((it.name.as_str(), Of::Attr(attr.clone()))),
            Carrier::Header(_) | Carrier::Cookie(_) | Carrier::Query(_) => None,
        });
        let known: Vec<_> = of_application.collect();
        match known.iter().find(|(known, _)| *known == name) {
            Some((_, of)) => Ok(Self { of: of.clone(), at }),
            None if known.is_empty() => bail!(
                "`--identify {said}`: the policy asks for nothing that only the application knows; leave it out"
            ),
            None => bail!(
                "`--identify {said}`: the policy's `request` has no `{name}` that only the application knows; {}",
                did_you_mean(name, known.iter().map(|(known, _)| *known))
            ),
        }
    }

    fn tell<'p>(&self, headers: &HeaderMap, builder: RequestBuilder<'p>) -> RequestBuilder<'p> {
        let Some(value) = self.value(headers) else {
            return builder;
        };
        match &self.of {
            Of::User(field) => builder.user(field, &value),
            Of::Attr(attr) => builder.attr(attr, &value),
        }
    }

    /// Also what is no text is somebody's.
    fn value(&self, headers: &HeaderMap) -> Option<String> {
        match &self.at {
            At::Cookie(name) => {
                let mut lines = headers.get_all(COOKIE).iter().map(field_text);
                lines.find_map(|line| cookie_value(&line, name).map(str::to_owned))
            }
            At::Header(name) => headers.get(name).map(|it| field_text(it).into_owned()),
        }
    }
}
