//! Functions of a module that are the same, once.
//!
//! A compiler makes what is generic anew in each crate that uses it, and again for each type, though many of these
//! functions then do the same. Where they call others that are the same, they are so only once those are one.

use anyhow::{Context as _, Result};
use std::collections::HashMap;
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, Encode as _, FunctionSection, Module};
use wasmparser::{
    CodeSectionReader, FunctionBody, FunctionSectionReader, Parser, Payload, TypeRef,
};

/// The same module with each function once.
pub(crate) fn once(module: &[u8]) -> Result<Vec<u8>> {
    let mut own = Own::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload.context("the module cannot be read")? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    own.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::FunctionSection(section) => {
                own.types = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::CodeSectionEntry(body) => own.bodies.push(body),
            _ => {}
        }
    }
    let mut merged = own.merged()?;
    let mut written = Module::new();
    merged
        .parse_core_module(&mut written, Parser::new(0), module)
        .context("the module cannot be written")?;
    Ok(written.finish())
}

/// The functions of a module that are not another's.
#[derive(Default)]
struct Own<'a> {
    imported: u32,
    types: Vec<u32>,
    bodies: Vec<FunctionBody<'a>>,
}

impl Own<'_> {
    fn merged(&self) -> Result<Merged> {
        let mut kept: Vec<usize> = (0..self.bodies.len()).collect();
        let mut merged = Merged {
            imported: self.imported,
            instead: (self.imported..).take(kept.len()).collect(),
            kept: Vec::new(),
        };
        loop {
            let mut first = HashMap::new();
            let mut rest = Vec::with_capacity(kept.len());
            let mut instead = merged.instead.clone();
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
                let of = (merged.instead[function] - self.imported) as usize;
                merged.instead[function] = instead[of];
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
        for instead in &mut merged.instead {
            *instead = numbers[(*instead - self.imported) as usize];
        }
        Ok(Merged { kept, ..merged })
    }
}

/// Writes a module again.
struct Merged {
    /// Functions of others, which come first and stay.
    imported: u32,
    /// The number of the function that stands for each.
    instead: Vec<u32>,
    /// Which are left.
    kept: Vec<usize>,
}

impl Reencode for Merged {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        let own = function.checked_sub(self.imported);
        let instead = own.and_then(|own| self.instead.get(own as usize));
        Ok(instead.copied().unwrap_or(function))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        let types = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for &function in &self.kept {
            functions.function(types[function]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        let bodies = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for function in self.kept.clone() {
            utils::parse_function_body(self, code, bodies[function].clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{ExportKind, ExportSection, Function, Instruction, TypeSection, ValType};

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
