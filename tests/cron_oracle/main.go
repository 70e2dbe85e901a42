// The original, asked: robfig/cron v3 as the CronJob controller and the API server call it.
//
// A JSON object a line on stdin, {"schedule", "from", "n"} or {"zone"}; a JSON object a line on stdout, {"times"} in
// seconds since 1970, {"refused"}, {"endless"} if the search did not end, or {} for a zone that is taken. The rules of
// time zones are those of the zip file that is the argument, Go's own, whatever the machine has.
package main

import (
	"archive/zip"
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

type question struct {
	Schedule string  `json:"schedule"`
	From     int64   `json:"from"`
	N        int     `json:"n"`
	Zone     *string `json:"zone"`
}

type answer struct {
	Times   []int64 `json:"times,omitempty"`
	Refused string  `json:"refused,omitempty"`
	Endless bool    `json:"endless,omitempty"`
}

func main() {
	dir, err := os.MkdirTemp("", "zoneinfo")
	check("make a folder", err)
	defer os.RemoveAll(dir)
	names, err := unpack(os.Args[1], dir)
	check("read the zones of "+os.Args[1], err)
	check("set ZONEINFO", os.Setenv("ZONEINFO", dir)) // files, since Go reads a zip anew for each name
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	in.Buffer(nil, 1<<20)
	defer out.Flush()
	answers := json.NewEncoder(out)
	for in.Scan() {
		var q question
		check("read a question", json.Unmarshal(in.Bytes(), &q))
		if q.Zone != nil {
			_ = answers.Encode(zone(*q.Zone, names))
		} else {
			_ = answers.Encode(inTime(q))
		}
	}
}

func check(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "failed to %s: %v\n", what, err)
		os.Exit(1)
	}
}

// inTime: the answer, or that there is none after three seconds.
func inTime(q question) answer {
	done := make(chan answer, 1)
	go func() { done <- next(q) }()
	select {
	case a := <-done:
		return a
	case <-time.After(3 * time.Second):
		return answer{Endless: true}
	}
}

// next: the times of a schedule, with the parser's panics as refusals, as Kubernetes does.
func next(q question) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a = answer{Refused: fmt.Sprint(r)}
		}
	}()
	schedule, err := cron.ParseStandard(q.Schedule)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	for t := time.Unix(q.From, 0).UTC(); len(a.Times) < q.N; {
		if t = schedule.Next(t); t.IsZero() {
			break
		}
		a.Times = append(a.Times, t.Unix())
	}
	return a
}

// zone: what the API server says of spec.timeZone: it has a name, is not Local, and is known.
func zone(name string, names map[string]bool) answer {
	if name == "" || strings.EqualFold(name, "Local") {
		return answer{Refused: "no explicit zone"}
	}
	if _, err := time.LoadLocation(name); err != nil {
		return answer{Refused: err.Error()}
	}
	if !names[name] { // found on this machine, not in the distribution
		return answer{Refused: "not in the Go distribution"}
	}
	return answer{}
}

// unpack: the files of the zip in the folder, and their names.
func unpack(file, dir string) (map[string]bool, error) {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	names := map[string]bool{}
	for _, f := range archive.File {
		names[f.Name] = !strings.HasSuffix(f.Name, "/")
	}
	return names, os.CopyFS(dir, archive)
}
