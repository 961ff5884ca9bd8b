//! The engine against the contract of its seams: scripted sources and sinks, data in, data out.

mod lost_answers;
mod ordinary_runs;
mod plans;
mod readers;
mod waiting_records;
