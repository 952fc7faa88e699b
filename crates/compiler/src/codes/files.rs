//! Files, imports, comments, and what is given beside the text.

use super::{CodeDoc, error, warning};

pub(super) static CODES: &[CodeDoc] = &[
    error(
        "empty-file",
        "There is nothing in the file.",
        "A policy begins with `policy NAME { edition 1 }`.",
        "",
        "policy shop { edition 1 }",
    ),
    error(
        "missing-policy",
        "No file of the policy has a `policy` item.",
        "It names the service, and the edition of the language that the file is written in.",
        "origin db { slots 20 } # a file without a policy item",
        "policy shop { edition 1 }\norigin db { slots 20 }",
    ),
    error(
        "unreadable-import",
        "An imported file cannot be read.",
        "Its path is relative to the file that imports it.",
        "import \"nowhere.cachepolicy\"",
        "import \"models.cachepolicy\"",
    ),
    error(
        "duplicate-import",
        "A file is imported twice.",
        "Its items would be declared twice. Import it once; every file of the policy sees its items.",
        "import \"models.cachepolicy\"\nimport \"models.cachepolicy\"",
        "import \"models.cachepolicy\"",
    ),
    error(
        "import-cycle",
        "A file imports itself, directly or through others.",
        "All files of a policy see each other's items, so the file that is imported need not import anything back.",
        "import \"example.cachepolicy\"",
        "import \"models.cachepolicy\"",
    ),
    error(
        "bad-override",
        "A `--set` does not say which property of which item it sets.",
        "It is written `ITEM.PROPERTY=VALUE`. The item is named as in the text, or is `policy` or `request`.",
        "--set artcle.ttl=5m",
        "--set article.ttl=5m",
    ),
    error(
        "too-many",
        "There is more of something than can be numbered.",
        "There are at most 65,535 items of a kind, 256 files, 16 parameters of a level, and 8 sites one inside the other.",
        "object a(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16, p17) { store shared; ttl 1m }",
        "object a(p1, p2, p3) { store shared; ttl 1m }",
    ),
    warning(
        "unused-allow",
        "A comment allows a diagnostic that is not there.",
        "What it was about has been mended, or it stands in the wrong place: `# allow(CODE): reason` speaks about the statement below it. Errors cannot be allowed.",
        "# allow(unused): the new database\norigin fresh { slots 5 }\n# allow(unused): another one\nview a { route GET \"/a\"; cost 5ms on db }",
        "# allow(unused): the new database\norigin fresh { slots 5 }\nview a { route GET \"/a\"; cost 5ms on db }",
    ),
    warning(
        "allow-without-reason",
        "A comment allows a diagnostic and does not say why.",
        "In half a year somebody will want to know whether the reason still holds.",
        "# allow(unused)\norigin fresh { slots 5 }",
        "# allow(unused): the new database\norigin fresh { slots 5 }",
    ),
];
