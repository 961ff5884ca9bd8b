//! The engine against the contract of its seams: scripted sources and sinks, data in, data out.

mod bent_seams;
mod bent_stores;
mod bulk_jobs;
mod complaints;
mod ifs_changes;
mod ifs_entities;
mod ifs_faults;
mod ifs_writes;
mod lost_answers;
mod numbered;
mod ordinary_runs;
mod plans;
mod policies;
mod readers;
mod two_sides;
mod waiting_records;
