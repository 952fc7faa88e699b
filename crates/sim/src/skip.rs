//! `skip when`: what of a condition is left when method and path are known.

use cachepolicy_core::expr::Expr;

/// Never holds.
pub(crate) const NEVER: u32 = 0;
/// Always holds.
pub(crate) const ALWAYS: u32 = 1;

/// The rests that occurred, each once. There are few: a condition has few questions.
#[derive(Debug, Default)]
pub(crate) struct Skips {
    rests: Vec<Expr>,
}

impl Skips {
    /// The number of what is left of a condition.
    pub(crate) fn of(&mut self, condition: Option<&Expr>, method: &str, path: &str) -> u32 {
        let Some(condition) = condition else {
            return NEVER;
        };
        match rest(condition, method, path) {
            Rest::Holds(false) => NEVER,
            Rest::Holds(true) => ALWAYS,
            Rest::Depends(expr) => {
                let known = self.rests.iter().position(|known| *known == expr);
                let index = known.unwrap_or_else(|| {
                    self.rests.push(expr);
                    self.rests.len() - 1
                });
                index as u32 + 2
            }
        }
    }

    /// The condition of a number that is neither [`NEVER`] nor [`ALWAYS`].
    pub(crate) fn get(&self, number: u32) -> Option<&Expr> {
        self.rests.get((number as usize).checked_sub(2)?)
    }
}

enum Rest {
    Holds(bool),
    Depends(Expr),
}

fn rest(expr: &Expr, method: &str, path: &str) -> Rest {
    match expr {
        Expr::And(parts) => all(parts, true, method, path, Expr::And),
        Expr::Or(parts) => all(parts, false, method, path, Expr::Or),
        Expr::Not(inner) => match rest(inner, method, path) {
            Rest::Holds(holds) => Rest::Holds(!holds),
            Rest::Depends(inner) => Rest::Depends(Expr::Not(Box::new(inner))),
        },
        Expr::Path(pattern) => Rest::Holds(pattern.is_match(path)),
        Expr::Method(methods) => Rest::Holds(methods.iter().any(|own| own == method)),
        Expr::Present(_) | Expr::Equal(..) | Expr::In(..) => Rest::Depends(expr.clone()),
    }
}

/// Of a conjunction (`neutral` is true) or a disjunction.
fn all(
    parts: &[Expr],
    neutral: bool,
    method: &str,
    path: &str,
    join: impl FnOnce(Vec<Expr>) -> Expr,
) -> Rest {
    let mut left = Vec::new();
    for part in parts {
        match rest(part, method, path) {
            Rest::Holds(holds) if holds == neutral => {}
            Rest::Holds(holds) => return Rest::Holds(holds),
            Rest::Depends(expr) => left.push(expr),
        }
    }
    match left.len() {
        0 => Rest::Holds(neutral),
        1 => left.pop().map_or(Rest::Holds(neutral), Rest::Depends),
        _ => Rest::Depends(join(left)),
    }
}
