//! placeholder
pub mod files; pub mod finding; pub mod footprint; pub mod money; pub mod period; pub mod shares; pub mod rulebook; pub mod dimension; pub mod tables; pub mod driver; pub mod model; pub mod sources; pub mod classify; pub mod ledger; pub mod allocation;
