package job

// The API server's door for our process: plain HTTP on 127.0.0.1, and a record of what came through.

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	restclient "k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
)

// Below this rate a test wants a slow controller; the others name a rate that never bounds.
const slowQPS = 1000

type door struct {
	server   *http.Server
	address  string
	limiter  flowcontrol.RateLimiter
	target   *url.URL
	inside   http.RoundTripper
	shutDown context.CancelFunc
	// Each event of a Job's watch is held up for so long, one after the other.
	jobEventDelay time.Duration

	mu     sync.Mutex
	writes []write
}

// write is a request that would change something, and how it went.
type write struct {
	when   time.Time
	method string
	path   string
	code   int
	body   string // of the answer, if it was refused
}

func openDoor(tb testing.TB, config *restclient.Config) *door {
	tb.Helper()
	config = restclient.CopyConfig(config)
	transport, err := restclient.TransportFor(config) // with the test's WrapTransport, if it has one
	if err != nil {
		tb.Fatalf("failed to make a transport: %v", err)
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		tb.Fatalf("not an address: %s: %v", config.Host, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("failed to listen: %v", err)
	}
	d := &door{address: listener.Addr().String(), target: target, inside: transport}
	if config.QPS > 0 && config.QPS < slowQPS {
		d.limiter = flowcontrol.NewTokenBucketRateLimiter(config.QPS, config.Burst)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:      transport,
		FlushInterval:  -1, // watches
		ModifyResponse: d.seen,
		ErrorLog:       log.New(io.Discard, "", 0), // connections of a process that was killed
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.shutDown = cancel
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	d.server = &http.Server{
		Protocols:   protocols,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if d.limiter != nil && changes(r.Method) {
				if err := d.limiter.Wait(r.Context()); err != nil {
					return // the process is gone, and so is its request
				}
			}
			proxy.ServeHTTP(w, r)
		}),
	}
	go func() { _ = d.server.Serve(listener) }()
	return d
}

func (d *door) kubeconfig() string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "http://%s"}}]
users: [{name: test, user: {}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
`, d.address)
}

func (d *door) close() {
	d.shutDown()
	_ = d.server.Close()
}

// save writes what the API server says at that path into a file.
func (d *door) save(path, file string) {
	request, err := http.NewRequest(http.MethodGet, d.target.JoinPath(path).String(), nil)
	if err != nil {
		return
	}
	response, err := d.inside.RoundTrip(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		_ = os.WriteFile(file, body, 0o644)
	}
}

func changes(method string) bool { return method != http.MethodGet && method != http.MethodHead }

func (d *door) seen(response *http.Response) error {
	request := response.Request
	if changes(request.Method) {
		w := write{when: time.Now(), method: request.Method, path: request.URL.Path, code: response.StatusCode}
		if response.StatusCode >= 400 {
			body, err := io.ReadAll(response.Body)
			if err != nil {
				return err
			}
			response.Body = io.NopCloser(bytes.NewReader(body))
			w.body = string(body)
		}
		d.mu.Lock()
		d.writes = append(d.writes, w)
		d.mu.Unlock()
	}
	if d.jobEventDelay > 0 && strings.HasSuffix(request.URL.Path, "/jobs") && request.URL.Query().Get("watch") != "" {
		response.Body = &delayed{body: response.Body, lines: bufio.NewReader(response.Body), delay: d.jobEventDelay}
	}
	return nil
}

func (d *door) writesSoFar() []write {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]write(nil), d.writes...)
}

// refusals: what broke the API server's rules, or could not be read. A conflict, a missing object, a quota are everyday
// life; this is a defect of the controller.
func (d *door) refusals() (all []string) {
	for _, w := range d.writesSoFar() {
		if w.code == http.StatusUnprocessableEntity || w.code == http.StatusBadRequest {
			all = append(all, fmt.Sprintf("%s %s: %d %s", w.method, w.path, w.code, w.body))
		}
	}
	return all
}

// delayed is a watch whose every event takes its time; bookmarks pass.
type delayed struct {
	body  io.ReadCloser
	lines *bufio.Reader
	delay time.Duration
	rest  []byte
}

func (d *delayed) Read(into []byte) (int, error) {
	if len(d.rest) == 0 {
		line, err := d.lines.ReadBytes('\n')
		if len(line) == 0 {
			return 0, err
		}
		if !bytes.Contains(line, []byte(`"BOOKMARK"`)) {
			time.Sleep(d.delay)
		}
		d.rest = line
	}
	n := copy(into, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *delayed) Close() error { return d.body.Close() }
