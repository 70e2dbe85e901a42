// Which k9s do the tests take the schemas of? Nothing is built of it: tests/tools/program.rs looks into its module.
module sidecarjob.dev/tools/k9s

go 1.25.0

require github.com/derailed/k9s v0.51.0
