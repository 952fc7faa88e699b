//! A module's own functions, and the module with some of them, in another order.

use anyhow::{Context as _, Result};
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{
    CodeSectionReader, FunctionBody, FunctionSectionReader, Parser, Payload, TypeRef,
};

/// What a module has itself.
#[derive(Default)]
pub(crate) struct Own<'a> {
    /// Functions of others, which come first.
    pub(crate) imported: u32,
    /// By function, the number of its type.
    pub(crate) types: Vec<u32>,
    pub(crate) bodies: Vec<FunctionBody<'a>>,
}

impl<'a> Own<'a> {
    pub(crate) fn of(module: &'a [u8]) -> Result<Self> {
        let mut own = Self::default();
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
        Ok(own)
    }
}

/// How a module is written again.
pub(crate) struct Anew {
    /// Functions of others, which come first and stay.
    pub(crate) imported: u32,
    /// The new number of each of its own.
    pub(crate) numbers: Vec<u32>,
    /// Those that it keeps, in their order.
    pub(crate) kept: Vec<usize>,
}

impl Anew {
    pub(crate) fn write(&mut self, module: &[u8]) -> Result<Vec<u8>> {
        let mut written = Module::new();
        self.parse_core_module(&mut written, Parser::new(0), module)
            .context("the module cannot be written")?;
        Ok(written.finish())
    }
}

impl Reencode for Anew {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        let own = function.checked_sub(self.imported);
        let number = own.and_then(|own| self.numbers.get(own as usize));
        Ok(number.copied().unwrap_or(function))
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
