//! How a module for Python is linked, where linkers want to be told that what is missing comes with the interpreter.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
