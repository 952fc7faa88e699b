//! `skip when`: what of a condition is left when method and path are known.

use cachepolicy_core::expr::{Expr, RequestView};
use cachepolicy_core::ids::LevelId;
use rustc_hash::FxHashMap;

/// Never holds.
pub(crate) const NEVER: u32 = 0;
/// Always holds.
pub(crate) const ALWAYS: u32 = 1;

/// The rests that occurred, each once. There are few: a condition has few questions.
#[derive(Debug, Default)]
pub(crate) struct Skips {
    rests: Vec<Expr>,
    /// Of a level's condition: what is left after these answers about method and path.
    known: FxHashMap<(LevelId, u64), u32>,
}

impl Skips {
    /// The number of what is left of a level's condition.
    pub(crate) fn of(
        &mut self,
        level: LevelId,
        condition: Option<&Expr>,
        method: &str,
        path: &str,
    ) -> u32 {
        let Some(condition) = condition else {
            return NEVER;
        };
        let mut answers = Answers { bits: 0, count: 0 };
        answers.ask(condition, method, path);
        if answers.count > u64::BITS {
            return self.number(rest(condition, method, path));
        }
        if let Some(&number) = self.known.get(&(level, answers.bits)) {
            return number;
        }
        let number = self.number(rest(condition, method, path));
        self.known.insert((level, answers.bits), number);
        number
    }

    fn number(&mut self, rest: Rest) -> u32 {
        match rest {
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

    /// Which of the rests hold for a request, a bit for each; `None`: there are too many.
    pub(crate) fn holding(&self, request: &impl RequestView) -> Option<u64> {
        (self.rests.len() <= u64::BITS as usize).then(|| {
            (0..).zip(&self.rests).fold(0, |bits, (number, rest)| {
                bits | u64::from(rest.holds(request)) << number
            })
        })
    }

    /// The condition of a number that is neither [`NEVER`] nor [`ALWAYS`].
    pub(crate) fn get(&self, number: u32) -> Option<&Expr> {
        self.rests.get((number as usize).checked_sub(2)?)
    }
}

/// What a condition's questions about method and path come to, a bit for each in their order.
struct Answers {
    bits: u64,
    /// So many were asked; there is no bit for those behind the 64th.
    count: u32,
}

impl Answers {
    fn ask(&mut self, expr: &Expr, method: &str, path: &str) {
        if let Some(holds) = answer(expr, method, path) {
            self.bits |= u64::from(holds).checked_shl(self.count).unwrap_or(0);
            self.count = self.count.saturating_add(1);
        }
        match expr {
            Expr::And(parts) | Expr::Or(parts) => {
                for part in parts {
                    self.ask(part, method, path);
                }
            }
            Expr::Not(inner) => self.ask(inner, method, path),
            _ => {}
        }
    }
}

/// Does the condition of this number hold, where it is known which do? `None`: it has to be asked.
#[inline]
pub(crate) fn holds(number: u32, holding: Option<u64>) -> Option<bool> {
    match number {
        NEVER => Some(false),
        ALWAYS => Some(true),
        rest => holding?.checked_shr(rest - 2).map(|bits| bits & 1 != 0),
    }
}

/// Does a condition hold for each request with this method and path?
pub(crate) fn always_holds(condition: &Expr, method: &str, path: &str) -> bool {
    matches!(rest(condition, method, path), Rest::Holds(true))
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
        _ => answer(expr, method, path).map_or_else(|| Rest::Depends(expr.clone()), Rest::Holds),
    }
}

/// Does a question about method and path hold? `None`: it is none.
fn answer(expr: &Expr, method: &str, path: &str) -> Option<bool> {
    match expr {
        Expr::Path(pattern) => Some(pattern.is_match(path)),
        Expr::Method(methods) => Some(methods.iter().any(|own| own == method)),
        Expr::And(_) | Expr::Or(_) | Expr::Not(_) => None,
        Expr::Present(_) | Expr::Equal(..) | Expr::In(..) => None,
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
