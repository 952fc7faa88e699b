//! The limits of `cachepolicy-syntax` hold where stacks are small: in WebAssembly, with the stack
//! of a browser. And its work grows as the text does, counted in the fuel of the interpreter.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step must say where"
)]

use std::path::Path;
use std::sync::LazyLock;

use cachepolicy_syntax::limits::MAX_NESTING;
use cachepolicy_tests::guest;
use wasmi::{
    CompilationMode, Config, Engine, Instance, Linker, Memory, Module, Store, WasmParams,
    WasmResults,
};

#[path = "../../crates/syntax/tests/support/hostile.rs"]
mod hostile;

/// Calls within calls that a browser allows at least: the stack of about 1 MB that V8 has holds
/// several times as many frames.
const MAX_CALL_DEPTH: usize = 2_000;

/// Bytes of locals and operands in all frames together: the size of that stack.
const MAX_FRAME_BYTES: usize = 1 << 20;

const FORMATTED: u32 = 0;
const MISTAKES: u32 = 1;

/// The guest's module.
static MODULE: LazyLock<Vec<u8>> =
    LazyLock::new(|| std::fs::read(guest::module(Path::new(env!("CARGO_TARGET_TMPDIR")))).unwrap());

struct Guest {
    store: Store<()>,
    instance: Instance,
}

impl Guest {
    fn new() -> Self {
        let mut config = Config::default();
        config
            .set_max_recursion_depth(MAX_CALL_DEPTH)
            .set_max_stack_height(MAX_FRAME_BYTES)
            .compilation_mode(CompilationMode::Lazy)
            .consume_fuel(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, MODULE.as_slice()).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_fuel(u64::MAX).unwrap();
        let instance = Linker::new(&engine)
            .instantiate_and_start(&mut store, &module)
            .unwrap();
        Self { store, instance }
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, parameters: P) -> R {
        let function = self
            .instance
            .get_typed_func::<P, R>(&self.store, name)
            .unwrap();
        function
            .call(&mut self.store, parameters)
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn memory(&self) -> Memory {
        self.instance.get_memory(&self.store, "memory").unwrap()
    }

    fn input(&mut self, text: &str) {
        let address: u32 = self.call("input_address", text.len() as u32);
        self.memory()
            .write(&mut self.store, address as usize, text.as_bytes())
            .unwrap();
    }

    fn output(&mut self) -> String {
        let address: u32 = self.call("output_address", ());
        let length: u32 = self.call("output_length", ());
        let mut bytes = vec![0; length as usize];
        self.memory()
            .read(&self.store, address as usize, &mut bytes)
            .unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// What a call costs.
    fn fuel(&mut self, name: &str) -> u64 {
        self.store.set_fuel(u64::MAX).unwrap();
        self.call::<(), u32>(name, ());
        u64::MAX - self.store.get_fuel().unwrap()
    }
}

/// A text in which `depth` brackets of one kind are open at once.
fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}a{}", open.repeat(depth), close.repeat(depth))
}

/// Every kind of bracket, with what it needs around it.
const BRACKETS: [(&str, &str); 8] = [
    ("a {\n", "\n}\n"),
    ("a { ", " }"),
    ("a == (", ")"),
    ("[", "]"),
    ("[a, b, ", ", c]"),
    ("f(", ")"),
    ("f(x: ", ")"),
    ("f(not (", "))"),
];

#[test]
fn the_deepest_nesting_is_read_and_formatted() {
    let mut guest = Guest::new();
    for (open, close) in BRACKETS {
        let text = nested(
            open,
            close,
            MAX_NESTING / open.matches(['(', '[', '{']).count(),
        );
        guest.input(&text);
        assert_eq!(guest.call::<(), u32>("read", ()), 0, "{open}");
        assert_eq!(guest.call::<(), u32>("handle", ()), 1, "{open}");
        assert_eq!(
            guest.call::<(), u32>("format_input", ()),
            FORMATTED,
            "{open}"
        );
        let formatted = guest.output();
        assert_eq!(
            Ok(formatted),
            cachepolicy_syntax::format(Default::default(), &text),
            "{open}"
        );
    }
}

#[test]
fn deeper_nesting_is_refused() {
    let mut guest = Guest::new();
    for (open, close) in BRACKETS {
        for depth in [MAX_NESTING + 1, 10_000] {
            guest.input(&nested(open, close, depth));
            assert_eq!(
                guest.call::<(), u32>("format_input", ()),
                MISTAKES,
                "{open}"
            );
            assert_eq!(guest.output(), "nesting-too-deep", "{open}");
        }
    }
}

#[test]
fn nesting_that_is_never_closed_is_read() {
    let mut guest = Guest::new();
    for (open, _) in BRACKETS {
        guest.input(&open.repeat(MAX_NESTING / open.matches(['(', '[', '{']).count()));
        assert!(guest.call::<(), u32>("read", ()) > 0, "{open}");
        assert!(!guest.output().contains("nesting-too-deep"), "{open}");
    }
}

#[test]
fn four_times_the_text_takes_four_times_the_work() {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/policies");
    let news = std::fs::read_to_string(policies.join("news.cachepolicy")).unwrap();
    let mut small = hostile::texts(400);
    let mut large = hostile::texts(1_600);
    small.push(("a policy".to_owned(), news.clone()));
    large.push(("a policy".to_owned(), news.repeat(4)));
    let mut guest = Guest::new();
    for ((name, small), (_, large)) in small.iter().zip(&large) {
        // Formatting reads too, and reads again what it wrote.
        guest.input(small);
        let few = guest.fuel("format_input");
        guest.input(large);
        let many = guest.fuel("format_input");
        let ratio = many as f64 / few as f64;
        let length = large.len() as f64 / small.len() as f64;
        assert!(
            ratio <= 1.25 * length,
            "{name}: {few} steps, then {many} for {length} times the text"
        );
    }
}
