// A stand-in for sidecars: no shell, one static program that does what its flags say.
//
// It listens for a quit request as the sidecars of src/api/recipes.yaml do, and says on stdout what happened to it, with
// the machine's uptime in hundredths of a second, so that a test can tell order and duration.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

var (
	listen = flag.String("listen", "", "address of the quit endpoint, as 127.0.0.1:15020; none if empty")
	method = flag.String("method", "POST", "the method that it takes")
	path   = flag.String("path", "/quitquitquit", "the path that it takes")
	refuse = flag.Bool("refuse", false, "answer 403 to the quit request")
	hang   = flag.Bool("hang", false, "take the quit request and never answer")
	deaf   = flag.Bool("deaf", false, "take signals and go on")
	drain  = flag.Duration("drain", 0, "from the request or signal to the end")
	code   = flag.Int("exit", 0, "exit code")
	run    = flag.Duration("run", 0, "end by itself after this time; 0: never")
	ready  = flag.Duration("ready", 0, "from the start to GET /ready answering 200")
)

func say(format string, a ...any) {
	uptime, _ := os.ReadFile("/proc/uptime")
	fmt.Println(append([]any{strings.Fields(string(uptime))[0]}, fmt.Sprintf(format, a...))...)
}

func end(why string) {
	say("stopping: %s", why)
	time.Sleep(*drain)
	say("ended")
	os.Exit(*code)
}

func main() {
	flag.Parse()
	say("started")
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGHUP)
	if *run > 0 {
		go func() { time.Sleep(*run); say("done"); os.Exit(*code) }()
	}
	if *listen != "" {
		go serve()
	}
	for s := range signals {
		say("got %s", strings.ToUpper(s.String()))
		if !*deaf {
			end(s.String())
		}
	}
}

func serve() {
	begin := time.Now()
	http.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		if time.Since(begin) < *ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	http.HandleFunc(*path, func(w http.ResponseWriter, r *http.Request) {
		say("got %s %s from %s", r.Method, r.URL.Path, r.RemoteAddr)
		switch {
		case *hang:
			select {}
		case *refuse || r.Method != *method:
			w.WriteHeader(http.StatusForbidden)
		default:
			go end(r.Method + " " + r.URL.Path)
		}
	})
	if err := http.ListenAndServe(*listen, nil); err != nil {
		say("failed to listen: %s", err)
		os.Exit(1)
	}
}
