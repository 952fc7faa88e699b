//! Against a plain list.

use super::*;
use proptest::prelude::*;

/// The same with a list.
#[derive(Debug, Default)]
struct Plain(Vec<u32>);

impl Plain {
    fn note(&mut self, slot: u32) {
        self.0.retain(|other| *other != slot);
        self.0.push(slot);
    }

    fn pop(&mut self) -> Option<u32> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }
}

/// A group of reads of slots of these ranks, as far as these have anybody, else of newcomers, of whom
/// the last one may have come earlier in the group.
fn exchange(uses: &mut Uses, plain: &mut Plain, ranks: &[usize], repeated: bool) {
    let mut group = [NOWHERE; TOGETHER];
    for (slot, rank) in group.iter_mut().zip(ranks) {
        *slot = plain.0.get(*rank).copied().unwrap_or(NOWHERE);
    }
    let places = 0..TOGETHER;
    let newcomers: Vec<usize> = places.filter(|place| group[*place] == NOWHERE).collect();
    let mut leaving = [0; TOGETHER];
    if !uses.exchange(&group, newcomers.len(), &mut leaving) {
        return;
    }
    let leaving = &leaving[..newcomers.len()];
    assert_eq!(leaving, &plain.0[..newcomers.len()]);
    assert!(!group.iter().any(|slot| leaving.contains(slot)));
    let left = newcomers.len() - usize::from(repeated && newcomers.len() > 1);
    for (number, place) in newcomers.iter().enumerate() {
        group[*place] = leaving[number.min(left - 1)];
    }
    uses.exchanged::<TOGETHER>(newcomers.iter().map(|place| (*place, group[*place])), left);
    (0..left).for_each(|_| assert!(plain.pop().is_some()));
    group.iter().for_each(|slot| plain.note(*slot));
}

#[derive(Debug, Clone)]
enum Step {
    Note(u32),
    Forget(u32),
    Pop,
    Exchange(Vec<usize>, bool),
    Look(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..200_u32).prop_map(Step::Note),
        1 => (0..200_u32).prop_map(Step::Forget),
        4 => Just(Step::Pop),
        4 => (prop::collection::vec(0..150_usize, TOGETHER), any::<bool>())
            .prop_map(|(ranks, repeated)| Step::Exchange(ranks, repeated)),
        1 => (0..TOGETHER).prop_map(Step::Look),
    ]
}

proptest! {
    #[test]
    fn who_was_not_used_for_the_longest_time(
        before in 0..100_u32,
        steps in prop::collection::vec(step(), 0..800),
    ) {
        let slots: Vec<u32> = (0..before).rev().collect();
        let mut uses = Uses::new(&slots, slots.len());
        let mut plain = Plain(slots);
        for step in steps {
            match step {
                Step::Note(slot) => {
                    uses.note(slot);
                    plain.note(slot);
                }
                Step::Forget(slot) => {
                    uses.forget(slot);
                    plain.0.retain(|other| *other != slot);
                }
                Step::Pop => prop_assert_eq!(uses.pop(), plain.pop()),
                Step::Exchange(ranks, repeated) => exchange(&mut uses, &mut plain, &ranks, repeated),
                Step::Look(count) => prop_assert!(uses.next_few(count).count() <= count),
            }
        }
        while let Some(slot) = plain.pop() {
            prop_assert_eq!(uses.pop(), Some(slot));
        }
        prop_assert_eq!(uses.pop(), None);
    }
}
