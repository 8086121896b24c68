//! Networks that serve lines: our own, and another operator's.

mod built_in;
mod upstream;

pub use built_in::BuiltIn;
pub use upstream::Upstream;
