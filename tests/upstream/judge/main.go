// judge [-jobs N] [-logs DIR] [-bench] BINARY [PATTERN…]: runs a compiled test, each of its tests in a process of its own,
// and says one line for each subtest that has none below it, then how many passed, failed and were skipped.
//
// A pattern is what `go test -run` takes. Exit code: 0 all that ran passed, 1 something failed, 2 nothing could be run.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	perTest      = 10 * time.Minute
	linesOfWords = 40
)

type options struct {
	binary, logs, verb string
	jobs               int
}

// event is a line of test2json.
type event struct {
	Action  string
	Test    string
	Output  string
	Elapsed float64
}

// outcome of one test or subtest.
type outcome struct {
	action  string
	elapsed float64
	words   []string
}

func main() {
	o := options{}
	flag.IntVar(&o.jobs, "jobs", 2, "how many tests at once")
	flag.StringVar(&o.logs, "logs", ".", "folder of what each test said")
	bench := flag.Bool("bench", false, "run the benchmarks instead, once each")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: judge [-jobs N] [-logs DIR] [-bench] BINARY [PATTERN…]")
		os.Exit(2)
	}
	o.binary, o.verb = flag.Arg(0), "Test"
	if *bench {
		o.verb = "Benchmark"
	}
	tests, err := o.list(flag.Args()[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	os.Exit(o.runAll(tests))
}

// list: each top-level test that a pattern names, with the pattern to run it by.
func (o options) list(patterns []string) ([]string, error) {
	out, err := exec.Command(o.binary, "-test.list", "^"+o.verb).Output()
	if err != nil {
		return nil, fmt.Errorf("failed to list the tests of %s: %w", o.binary, err)
	}
	if len(patterns) == 0 {
		patterns = []string{""}
	}
	var chosen []string
	for _, name := range strings.Fields(string(out)) {
		for _, pattern := range patterns {
			top, below, _ := strings.Cut(pattern, "/")
			match, err := regexp.MatchString(top, name)
			if err != nil {
				return nil, fmt.Errorf("not a pattern: %q: %w", pattern, err)
			}
			if match {
				run := "^" + name + "$"
				if below != "" {
					run += "/" + below
				}
				chosen = append(chosen, run)
				break
			}
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no test is named by %q; the names: %s", patterns, strings.Join(strings.Fields(string(out)), " "))
	}
	return chosen, nil
}

func (o options) runAll(tests []string) int {
	begin := time.Now()
	queue := make(chan string)
	var workers sync.WaitGroup
	var mu sync.Mutex // the lines of one test stay together
	count := map[string]int{}
	for range o.jobs {
		workers.Go(func() {
			for run := range queue {
				results, err := o.run(run)
				mu.Lock()
				for _, name := range slices.Sorted(keys(results)) {
					count[report(name, results)]++
				}
				if err != nil && !anyFailed(results) {
					fmt.Printf("FAIL  %s: %v\n", run, err)
					count["fail"]++
				}
				mu.Unlock()
			}
		})
	}
	for _, test := range tests {
		queue <- test
	}
	close(queue)
	workers.Wait()
	fmt.Printf("upstream: %d passed, %d failed, %d skipped (reasons above), in %.0f s; what each said: %s\n",
		count["pass"], count["fail"], count["skip"], time.Since(begin).Seconds(), o.logs)
	if count["fail"] > 0 {
		return 1
	}
	if count["pass"] == 0 {
		return 2
	}
	return 0
}

func keys(results map[string]*outcome) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range results {
			if !yield(name) {
				return
			}
		}
	}
}

func anyFailed(results map[string]*outcome) bool {
	for _, r := range results {
		if r.action == "fail" {
			return true
		}
	}
	return false
}

// run runs one top-level test in a process of its own.
func (o options) run(pattern string) (map[string]*outcome, error) {
	name := strings.Trim(strings.Split(pattern, "/")[0], "^$")
	log, err := os.Create(filepath.Join(o.logs, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := []string{"-test.v=test2json", "-test.timeout=" + perTest.String(), "-test.run=" + pattern}
	if o.verb == "Benchmark" {
		args = []string{"-test.v=test2json", "-test.timeout=" + perTest.String(), "-test.run=^$", "-test.bench=" + pattern, "-test.benchtime=1x"}
	}
	test := exec.Command(o.binary, args...)
	test.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	test.Stderr = log
	convert := exec.Command("go", "tool", "test2json", "-t")
	if convert.Stdin, err = test.StdoutPipe(); err != nil {
		return nil, err
	}
	events, err := convert.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(test.Start(), convert.Start()); err != nil {
		return nil, err
	}
	results := read(events, log)
	_ = convert.Wait()
	return results, test.Wait()
}

func read(events io.Reader, log io.Writer) map[string]*outcome {
	results := map[string]*outcome{}
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		fmt.Fprint(log, e.Output)
		if e.Test == "" {
			continue
		}
		r := results[e.Test]
		if r == nil {
			r = &outcome{}
			results[e.Test] = r
		}
		switch e.Action {
		case "output":
			r.words = append(r.words, strings.TrimRight(e.Output, "\n"))
		case "pass", "fail", "skip", "bench":
			r.action, r.elapsed = e.Action, e.Elapsed
		}
	}
	return results
}

// report says one test's line and returns what it is counted as; a test that has subtests is their sum, and only tells
// what went wrong outside of them.
func report(name string, results map[string]*outcome) string {
	r := results[name]
	children, childFailed := false, false
	for other, result := range results {
		if strings.HasPrefix(other, name+"/") {
			children = true
			childFailed = childFailed || result.action == "fail"
		}
	}
	if children && (r.action == "pass" || childFailed) {
		return "sum"
	}
	switch r.action {
	case "pass", "bench":
		fmt.Printf("ok    %s (%.1f s)\n", name, r.elapsed)
		for _, line := range r.words {
			if strings.Contains(line, "ns/op") {
				fmt.Println("      " + strings.Join(strings.Fields(line), " "))
			}
		}
		return "pass"
	case "skip":
		fmt.Printf("skip  %s: %s\n", name, reason(r.words))
		return "skip"
	default: // also: it began and never ended
		fmt.Printf("FAIL  %s (%.1f s)\n", name, r.elapsed)
		for _, line := range words(r.words) {
			fmt.Println("      " + line)
		}
		return "fail"
	}
}

var said = regexp.MustCompile(`^\s*\w+_test\.go:\d+: `)

// The logger of the tests speaks in the same voice.
var chatter = regexp.MustCompile(`^\s*\w+\.go:\d+: [IWE]\d{4} |^\s*[IWE]\d{4} |^=== `)

func reason(lines []string) string {
	for _, line := range lines {
		if found := said.FindString(line); found != "" {
			return strings.TrimPrefix(line, found)
		}
	}
	return "no reason given"
}

// words: what the test itself said, with the lines that go on from it, and a panic.
func words(lines []string) (chosen []string) {
	on := false
	for _, line := range lines {
		switch {
		case chatter.MatchString(line):
			on = false
		case said.MatchString(line), strings.HasPrefix(line, "panic: "):
			on = true
		}
		if on && len(chosen) < linesOfWords {
			chosen = append(chosen, strings.TrimPrefix(line, "    "))
		}
	}
	return chosen
}
