//! Functions of a module in an order in which it compresses well: what looks alike stands together.
//!
//! gzip finds what it has seen before in the last 32 KiB alone. A compiler makes many functions that differ in
//! little, of one generic function for instance, and leaves them anywhere in megabytes of others. Side by side,
//! each of them is little more than what it has of its own.

use crate::functions::{Anew, Own};
use anyhow::Result;
use std::cmp::Reverse;
use std::ops::Range;

/// How many bytes make a piece that functions may have in common.
const PIECE: usize = 6;

/// Pieces that more functions have than this say nothing.
const COMMON: usize = 1000;

/// The next function is the most alike to so many before it.
const BEHIND: usize = 10;

/// Bytes that are added to each function's size, for else a small one would be alike to everything.
const SMALL: usize = 100;

/// The same module with its functions in another order.
pub(crate) fn by_likeness(module: &[u8]) -> Result<Vec<u8>> {
    let own = Own::of(module)?;
    let bodies = own.bodies.iter().map(|body| body.range());
    let bodies: Vec<&[u8]> = bodies.filter_map(|range| module.get(range)).collect();
    let kept = chain(&bodies);
    let mut numbers = vec![0; kept.len()];
    for (number, &function) in (own.imported..).zip(&kept) {
        numbers[function] = number;
    }
    let mut ordered = Anew {
        imported: own.imported,
        numbers,
        kept,
    };
    ordered.write(module)
}

/// Each function once: behind the last ones, whichever of the others has the most in common with them for its
/// size; where none has anything, the largest.
fn chain(bodies: &[&[u8]]) -> Vec<usize> {
    let (pieces, shared) = pieces(bodies);
    let mut rest: Vec<usize> = (0..bodies.len()).collect();
    rest.sort_by_key(|&function| Reverse(bodies[function].len()));
    let mut rest = rest.into_iter();
    let mut is_taken = vec![false; bodies.len()];
    let mut in_common = vec![0_u32; bodies.len()];
    let mut candidates = Vec::new();
    let mut order: Vec<usize> = Vec::with_capacity(bodies.len());
    loop {
        for &before in order.iter().rev().take(BEHIND) {
            for &(_, function) in shared[before]
                .iter()
                .flat_map(|range| &pieces[range.clone()])
            {
                if is_taken[function] {
                    continue;
                }
                if in_common[function] == 0 {
                    candidates.push(function);
                }
                in_common[function] += 1;
            }
        }
        let likeness = |function: usize| {
            f64::from(in_common[function]) / (bodies[function].len() + SMALL) as f64
        };
        let best = candidates
            .iter()
            .copied()
            .max_by(|&a, &b| likeness(a).total_cmp(&likeness(b)).then(b.cmp(&a)));
        for function in candidates.drain(..) {
            in_common[function] = 0;
        }
        let Some(next) = best.or_else(|| rest.find(|&function| !is_taken[function])) else {
            return order;
        };
        is_taken[next] = true;
        order.push(next);
    }
}

/// Pieces with the functions that have them, by piece; and for each function, where those stand that it shares
/// with others.
type Pieces = (Vec<(u64, usize)>, Vec<Vec<Range<usize>>>);

fn pieces(bodies: &[&[u8]]) -> Pieces {
    let mut pieces: Vec<(u64, usize)> = Vec::new();
    for (function, body) in bodies.iter().enumerate() {
        let windows = body.windows(PIECE);
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |number, &byte| number << 8 | u64::from(byte))
        };
        pieces.extend(windows.map(|bytes| (number(bytes), function)));
    }
    pieces.sort_unstable();
    pieces.dedup();
    let mut shared = vec![Vec::new(); bodies.len()];
    let mut start = 0;
    for same in pieces.chunk_by(|(one, _), (other, _)| one == other) {
        let range = start..start + same.len();
        start = range.end;
        if (2..=COMMON).contains(&same.len()) {
            for &(_, function) in same {
                shared[function].push(range.clone());
            }
        }
    }
    (pieces, shared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{
        CodeSection, ExportKind, ExportSection, Function, FunctionSection, Instruction, Module,
        TypeSection, ValType,
    };
    use wasmparser::{Parser, Payload};

    /// Functions that give these numbers many times over, each exported by its number.
    fn module(numbers: &[i32]) -> Vec<u8> {
        let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
        let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
        types.ty().function([], [ValType::I32]);
        for (index, number) in numbers.iter().enumerate() {
            functions.function(0);
            exports.export(&format!("f{index}"), ExportKind::Func, index as u32);
            let mut body = Function::new([]);
            for _ in 0..40 {
                body.instruction(&Instruction::I32Const(*number));
                body.instruction(&Instruction::Drop);
            }
            // Which one it is.
            body.instruction(&Instruction::I32Const(index as i32));
            body.instruction(&Instruction::End);
            code.function(&body);
        }
        let mut module = Module::new();
        let module = module.section(&types).section(&functions);
        module.section(&exports).section(&code);
        module.clone().finish()
    }

    /// The exported functions' bodies by name, and the names in the order of the code.
    fn read(module: &[u8]) -> (Vec<(String, Vec<u8>)>, Vec<String>) {
        let (mut names, mut bodies) = (Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(module) {
            match payload.unwrap() {
                Payload::ExportSection(section) => {
                    names.extend(section.into_iter().map(|export| {
                        let export = export.unwrap();
                        (export.name.to_owned(), export.index as usize)
                    }));
                }
                Payload::CodeSectionEntry(body) => {
                    bodies.push(module[body.range()].to_vec());
                }
                _ => {}
            }
        }
        let of = names
            .iter()
            .map(|(name, index)| (name.clone(), bodies[*index].clone()));
        let of = of.collect();
        names.sort_by_key(|(_, index)| *index);
        (of, names.into_iter().map(|(name, _)| name).collect())
    }

    #[test]
    fn what_looks_alike_stands_together_and_keeps_its_name() {
        let one = 1_234_567;
        let other = 7_654_321;
        let written = module(&[one, other, one, other]);
        let ordered = by_likeness(&written).unwrap();
        let (before, _) = read(&written);
        let (after, order) = read(&ordered);
        assert_eq!(before, after);
        assert_eq!(order, ["f0", "f2", "f1", "f3"]);
    }
}
