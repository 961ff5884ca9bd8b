//! The engine against the contract of its seams: scripted sources and sinks, data in, data out.
