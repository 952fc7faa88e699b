//! Functions of a module that are the same, once.
//!
//! A compiler makes what is generic anew in each crate that uses it, and again for each type, though many of these
//! functions then do the same. Where they call others that are the same, they are so only once those are one.

use crate::functions::{Anew, Own};
use anyhow::Result;
use std::collections::HashMap;
use wasm_encoder::reencode::utils;
use wasm_encoder::{CodeSection, Encode as _};

/// The same module with each function once.
pub(crate) fn once(module: &[u8]) -> Result<Vec<u8>> {
    Own::of(module)?.merged()?.write(module)
}

impl Own<'_> {
    /// The functions that are not another's.
    fn merged(&self) -> Result<Anew> {
        let mut kept: Vec<usize> = (0..self.bodies.len()).collect();
        let mut merged = Anew {
            imported: self.imported,
            numbers: (self.imported..).take(kept.len()).collect(),
            kept: Vec::new(),
        };
        loop {
            let mut first = HashMap::new();
            let mut rest = Vec::with_capacity(kept.len());
            let mut instead = merged.numbers.clone();
            for &function in &kept {
                let mut code = CodeSection::new();
                utils::parse_function_body(&mut merged, &mut code, self.bodies[function].clone())?;
                let mut body = Vec::new();
                code.encode(&mut body);
                let same = *first
                    .entry((self.types[function], body))
                    .or_insert(function);
                if same == function {
                    rest.push(function);
                }
                instead[function] = self.imported + same as u32;
            }
            let is_done = rest.len() == kept.len();
            kept = rest;
            // Whoever stood for another may have been merged itself.
            for function in 0..instead.len() {
                let of = (merged.numbers[function] - self.imported) as usize;
                merged.numbers[function] = instead[of];
            }
            if is_done {
                break;
            }
        }
        // Those that are left, by their new numbers.
        let mut numbers = vec![0; self.bodies.len()];
        for (number, &function) in (self.imported..).zip(&kept) {
            numbers[function] = number;
        }
        for instead in &mut merged.numbers {
            *instead = numbers[(*instead - self.imported) as usize];
        }
        Ok(Anew { kept, ..merged })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{
        ExportKind, ExportSection, Function, FunctionSection, Instruction, Module, TypeSection,
        ValType,
    };
    use wasmparser::{Parser, Payload};

    /// Functions that give a number, or what the function gives that they call.
    fn module(bodies: &[Instruction<'_>]) -> Vec<u8> {
        let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
        let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
        types.ty().function([], [ValType::I32]);
        for (index, instruction) in bodies.iter().enumerate() {
            functions.function(0);
            exports.export(&format!("f{index}"), ExportKind::Func, index as u32);
            let mut body = Function::new([]);
            body.instruction(instruction);
            body.instruction(&Instruction::End);
            code.function(&body);
        }
        let mut module = Module::new();
        let module = module.section(&types).section(&functions);
        module.section(&exports).section(&code);
        module.clone().finish()
    }

    /// Which function each export is, and how many there are.
    fn read(module: &[u8]) -> (Vec<u32>, usize) {
        let (mut exported, mut count) = (Vec::new(), 0);
        for payload in Parser::new(0).parse_all(module) {
            match payload.unwrap() {
                Payload::ExportSection(section) => {
                    exported = section.into_iter().map(|it| it.unwrap().index).collect();
                }
                Payload::CodeSectionEntry(_) => count += 1,
                _ => {}
            }
        }
        (exported, count)
    }

    #[test]
    fn callers_of_the_same_are_the_same() {
        use Instruction::{Call, I32Const};
        let written = module(&[
            Call(4),
            I32Const(7),
            Call(3),
            I32Const(5),
            I32Const(5),
            Call(1),
            Call(0),
            Call(2),
        ]);
        let once = once(&written).unwrap();
        assert_eq!(read(&once), (vec![0, 1, 0, 2, 2, 3, 4, 4], 5));
    }
}
