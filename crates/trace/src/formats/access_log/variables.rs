//! What the variables of nginx say of a request, and under which other names the fields of JSON
//! logs say the same.

use crate::Needs;

/// What is said of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Variable {
    /// `$msec`
    Msec,
    /// Its time as text, or as seconds, milliseconds and so on since the Unix epoch.
    Time,
    /// Method, target and protocol.
    Request,
    Method,
    /// The target as sent.
    RequestUri,
    /// Path alone, after the server's own rewriting.
    Uri,
    Args,
    /// The host that the client named.
    HttpHost,
    Host,
    ServerName,
    Status,
    BodyBytes,
    /// Of the whole response.
    Bytes,
    /// How long the origin took, once for each server that was asked.
    UpstreamTime,
    /// From the first byte read to the last one written.
    RequestTime,
    CacheStatus,
    User,
    /// The header with all cookies.
    Cookies,
    /// The response's `Cache-Control`, as the origin sent it or as the client got it.
    CacheControl,
    /// `X-Accel-Expires` of the origin, which comes first where there is one.
    AccelExpires,
}

/// How many there are.
pub(super) const VARIABLES: usize = Variable::AccelExpires as usize + 1;

impl Variable {
    /// Where it is among the values of a line.
    pub(super) const fn slot(self) -> usize {
        self as usize
    }
}

/// By the names of nginx, without `$`.
const OF_NGINX: &[(&str, Variable)] = &[
    ("args", Variable::Args),
    ("body_bytes_sent", Variable::BodyBytes),
    ("bytes_sent", Variable::Bytes),
    ("document_uri", Variable::Uri),
    ("host", Variable::Host),
    ("http_cookie", Variable::Cookies),
    ("http_host", Variable::HttpHost),
    ("msec", Variable::Msec),
    ("query_string", Variable::Args),
    ("remote_user", Variable::User),
    ("request", Variable::Request),
    ("request_method", Variable::Method),
    ("request_time", Variable::RequestTime),
    ("request_uri", Variable::RequestUri),
    ("sent_http_cache_control", Variable::CacheControl),
    ("server_name", Variable::ServerName),
    ("status", Variable::Status),
    ("time_iso8601", Variable::Time),
    ("time_local", Variable::Time),
    ("upstream_cache_status", Variable::CacheStatus),
    ("upstream_http_cache_control", Variable::CacheControl),
    ("upstream_http_x_accel_expires", Variable::AccelExpires),
    ("upstream_response_time", Variable::UpstreamTime),
    ("uri", Variable::Uri),
];

/// By other names that people give the fields of their logs: lower case, with `_` for what is
/// neither a letter nor a digit and none in front.
const OTHERWISE: &[(&str, Variable)] = &[
    ("body_bytes", Variable::BodyBytes),
    ("bytes", Variable::BodyBytes),
    ("cache", Variable::CacheStatus),
    ("cache_status", Variable::CacheStatus),
    ("cookie", Variable::Cookies),
    ("cookies", Variable::Cookies),
    ("date", Variable::Time),
    ("datetime", Variable::Time),
    ("domain", Variable::Host),
    ("http_method", Variable::Method),
    ("http_status", Variable::Status),
    ("method", Variable::Method),
    ("path", Variable::Uri),
    ("query", Variable::Args),
    ("request_host", Variable::Host),
    ("request_line", Variable::Request),
    ("request_path", Variable::Uri),
    ("request_url", Variable::RequestUri),
    ("response_code", Variable::Status),
    ("response_size", Variable::BodyBytes),
    ("response_status", Variable::Status),
    ("size", Variable::BodyBytes),
    ("status_code", Variable::Status),
    ("time", Variable::Time),
    ("timestamp", Variable::Time),
    ("ts", Variable::Time),
    ("upstream_time", Variable::UpstreamTime),
    ("uri_path", Variable::Uri),
    ("url", Variable::RequestUri),
    ("user", Variable::User),
    ("user_id", Variable::User),
    ("username", Variable::User),
    ("verb", Variable::Method),
    ("vhost", Variable::Host),
    ("virtual_host", Variable::Host),
];

/// Headers by other names than `http_` and their own.
const HEADERS_OTHERWISE: &[(&str, &str)] = &[
    ("accept_language", "accept-language"),
    ("agent", "user-agent"),
    ("http_referrer", "referer"),
    ("http_useragent", "user-agent"),
    ("referer", "referer"),
    ("referrer", "referer"),
    ("user_agent", "user-agent"),
    ("useragent", "user-agent"),
];

/// Different headers and cookies of a log that are told apart where all are wanted.
const NAMED_MAX: usize = 256;

fn find(table: &[(&str, Variable)], name: &str) -> Option<Variable> {
    let found = table.iter().find(|(known, _)| *known == name);
    found.map(|(_, variable)| *variable)
}

/// Which values of a line are wanted: those of the variables, and behind them headers and cookies.
#[derive(Debug)]
pub(in crate::formats) struct Wanted {
    needs: Needs,
    pub(super) named: Vec<Named>,
}

/// A header or a cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) is_cookie: bool,
    /// As the policy names it.
    pub(super) name: String,
}

impl Wanted {
    pub(in crate::formats) fn new(needs: &Needs) -> Self {
        let named = |is_cookie: bool, names: &[String]| {
            // The host is not one among others.
            let names = names.iter().filter(|name| is_cookie || *name != "host");
            let names = names.cloned();
            names
                .map(|name| Named { is_cookie, name })
                .collect::<Vec<_>>()
        };
        let mut all = named(false, &needs.headers);
        all.extend(named(true, &needs.cookies));
        Self {
            needs: needs.clone(),
            named: all,
        }
    }

    pub(super) const fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Where the value of a variable of nginx goes; `None`: nobody asks for it.
    pub(in crate::formats) fn slot(&mut self, name: &str) -> Option<usize> {
        if let Some(variable) = find(OF_NGINX, name) {
            return Some(variable.slot());
        }
        // nginx looks for cookies in any case, and knows names in lower case alone.
        if let Some(cookie) = name.strip_prefix("cookie_") {
            return self.named(true, cookie);
        }
        let header = name.strip_prefix("http_")?;
        self.named(false, &header.replace('_', "-"))
    }

    /// The same of a header.
    pub(in crate::formats) fn slot_of_header(&mut self, header: &str) -> Option<usize> {
        let header = header.to_ascii_lowercase().replace('-', "_");
        self.slot(&format!("http_{header}"))
    }

    /// The same of a cookie.
    pub(in crate::formats) fn slot_of_cookie(&mut self, cookie: &str) -> Option<usize> {
        self.named(true, cookie)
    }

    /// The same of a field of a JSON log.
    pub(in crate::formats) fn slot_of_field(&mut self, field: &str) -> Option<usize> {
        let header = |name: &str| {
            let found = HEADERS_OTHERWISE.iter().find(|(known, _)| *known == name);
            found.map(|(_, header)| *header)
        };
        let name: String = field
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let lower = name.trim_start_matches('_').to_ascii_lowercase();
        if let Some(header) = header(&lower) {
            return self.named(false, header);
        }
        match find(OTHERWISE, &lower) {
            Some(variable) => Some(variable.slot()),
            None => self.slot(&lower),
        }
    }

    fn named(&mut self, is_cookie: bool, name: &str) -> Option<usize> {
        let is =
            |named: &Named| named.is_cookie == is_cookie && named.name.eq_ignore_ascii_case(name);
        let place = match self.named.iter().position(is) {
            Some(place) => place,
            None if self.needs.all && self.named.len() < NAMED_MAX => {
                let name = name.to_owned();
                self.named.push(Named { is_cookie, name });
                self.named.len() - 1
            }
            None => return None,
        };
        Some(VARIABLES + place)
    }
}

/// Is a value no value? nginx writes `-` for what there is not, or nothing.
pub(super) fn is_missing(value: &[u8]) -> bool {
    matches!(value, b"" | b"-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> Wanted {
        Wanted::new(&Needs::everything())
    }

    #[test]
    fn names_are_known_once() {
        for table in [OF_NGINX, OTHERWISE] {
            assert!(table.is_sorted_by(|(one, _), (other, _)| one < other));
        }
        let twice = |name: &&str| find(OF_NGINX, name).is_some() && find(OTHERWISE, name).is_some();
        let names = OTHERWISE.iter().map(|(name, _)| *name);
        assert_eq!(
            names.filter(|name| twice(name)).collect::<Vec<_>>(),
            [""; 0]
        );
    }

    #[test]
    fn fields_by_other_names() {
        let mut wanted = everything();
        for (field, variable) in [
            ("@timestamp", Variable::Time),
            ("Status-Code", Variable::Status),
            ("http.method", Variable::Method),
            ("request_uri", Variable::RequestUri),
        ] {
            assert_eq!(
                wanted.slot_of_field(field),
                Some(variable.slot()),
                "{field}"
            );
        }
        let agent = wanted.slot_of_field("userAgent");
        assert!(agent.is_some());
        assert_eq!(wanted.slot_of_field("http_user_agent"), agent);
        assert_eq!(wanted.slot("http_user_agent"), agent);
        assert_eq!(wanted.slot_of_field("pid"), None);
    }

    #[test]
    fn only_what_is_needed() {
        let mut wanted = Wanted::new(&Needs {
            headers: vec!["accept-language".to_owned(), "host".to_owned()],
            cookies: vec!["sessionId".to_owned()],
            ..Needs::default()
        });
        assert_eq!(wanted.slot("http_accept_language"), Some(VARIABLES));
        assert_eq!(wanted.slot("cookie_sessionid"), Some(VARIABLES + 1));
        assert_eq!(wanted.slot("http_user_agent"), None);
        assert_eq!(wanted.slot("http_host"), Some(Variable::HttpHost.slot()));
        assert_eq!(wanted.slot("upstream_addr"), None);
    }
}
