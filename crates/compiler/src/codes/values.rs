//! Values, units and properties as such.

use super::{CodeDoc, error, warning};

pub(super) static CODES: &[CodeDoc] = &[
    error(
        "unexpected-value",
        "Something else stands here than what the property takes.",
        "The message shows how the property is written; the reference has it too.",
        "object a { store shared; ttl 5m jiter 10% }",
        "object a { store shared; ttl 5m jitter 10% }",
    ),
    error(
        "extra-value",
        "A property that takes one value is given several.",
        "A comma begins another value. Write one, or several statements where that is allowed.",
        "object a { store shared; ttl 5m, 10m }",
        "object a { store shared; ttl 5m }",
    ),
    error(
        "unexpected-block",
        "A `{ … }` stands where none belongs.",
        "Only items, `http` and `requests` have a block.",
        "object a { store shared { ttl 5m }; ttl 5m }",
        "object a { store shared ttl 5m; ttl 5m }",
    ),
    error(
        "missing-property",
        "An item lacks a property that it needs.",
        "A site or view answers a route, a fragment or object is stored somewhere, and what is stored has a ttl. There is no good default for these.",
        "object a { store shared }",
        "object a { store shared; ttl 5m }",
    ),
    error(
        "property-not-here",
        "A property means nothing on this kind of item.",
        "Routes and HTTP headers belong to sites and views, points of presence to a cdn.",
        "object a { route GET \"/a\"; store shared; ttl 5m }",
        "view a { route GET \"/a\"; store shared; ttl 5m }",
    ),
    error(
        "wrong-unit",
        "A figure has another unit than the property takes.",
        "Units are always written, so that nobody takes milliseconds for seconds.",
        "object a { store shared; ttl 300 }",
        "object a { store shared; ttl 300s }",
    ),
    error(
        "unknown-unit",
        "A figure has a unit that does not exist.",
        "Durations: `us ms s m h d`. Sizes: `B kB MB GB TB KiB MiB GiB TiB`. Rates: `/s /m /h /d`.",
        "object a { store shared; ttl 5min }",
        "object a { store shared; ttl 5m }",
    ),
    error(
        "missing-unit",
        "A capacity is a number without a unit.",
        "A backend holds bytes or entries; the difference is large.",
        "backend small memory { capacity 500 }\nobject a { store small; ttl 5m }",
        "backend small memory { capacity 500 entries }\nobject a { store small; ttl 5m }",
    ),
    error(
        "out-of-range",
        "A figure is outside of what makes sense.",
        "Percentages lie between 0% and 100%, counts are whole and at least 1, ranges begin with their smaller end.",
        "object a { store shared; ttl 5m jitter 150% }",
        "object a { store shared; ttl 5m jitter 15% }",
    ),
    error(
        "outside-domain",
        "A value is not among those that its dimension has.",
        "The comparison would never hold, or the default would bypass every level.",
        "object a { store shared; ttl 5m; skip when currency == GBP }",
        "object a { store shared; ttl 5m; skip when currency == USD }",
    ),
    warning(
        "no-effect",
        "What is written changes nothing.",
        "A property of copies stands on a view that is not stored, an edge has no actions, or something happens after a workload has ended.",
        "view a { route GET \"/a\"; ttl 5m; cost 5ms }",
        "view a { route GET \"/a\"; store shared; ttl 5m; cost 5ms }",
    ),
];
