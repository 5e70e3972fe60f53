//! The `showback` command. The library is the product; this calls it.

fn main() -> std::process::ExitCode {
    showback::cli::main()
}
