package job

// Upstream reads its metrics from a registry that outlives its controllers. Ours are asked for theirs over HTTP; what a
// process had counted before it was killed is kept.

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"k8s.io/apimachinery/pkg/util/wait"
	basemetrics "k8s.io/component-base/metrics"
)

// counts of all lives of the controller since the last reset.
var counts = registry{running: map[*program]bool{}, gone: map[string]float64{}, base: map[string]float64{}}

type registry struct {
	mu         sync.Mutex
	running    map[*program]bool
	gone, base map[string]float64
}

func (r *registry) add(p *program) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running[p] = true
}

// remove is called just before the process is killed.
func (r *registry) remove(p *program) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, p)
	for series, value := range p.metrics() {
		r.gone[series] += value
	}
}

func (r *registry) total() map[string]float64 {
	sum := maps.Clone(r.gone)
	for p := range r.running {
		for series, value := range p.metrics() {
			sum[series] += value
		}
	}
	return sum
}

func (r *registry) value(series string) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total()[series] - r.base[series]
}

func resetMetrics() {
	counts.mu.Lock()
	defer counts.mu.Unlock()
	counts.base = counts.total()
}

// metrics are those of one process; none while it does not listen yet.
func (p *program) metrics() map[string]float64 {
	response, err := http.Get("http://" + p.address + "/metrics")
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	return parseMetrics(response.Body)
}

var sample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)`)
var label = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"`)

// parseMetrics reads both text formats of Prometheus; a series is written as seriesOf writes it.
func parseMetrics(text io.Reader) map[string]float64 {
	all := map[string]float64{}
	for lines := bufio.NewScanner(text); lines.Scan(); {
		found := sample.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		labels := map[string]string{}
		for _, pair := range label.FindAllStringSubmatch(found[2], -1) {
			labels[pair[1]] = pair[2]
		}
		if value, err := strconv.ParseFloat(found[3], 64); err == nil {
			all[seriesOf(found[1], labels)] = value
		}
	}
	return all
}

func seriesOf(name string, labels map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, fmt.Sprintf("%s=%q", key, labels[key]))
	}
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// seriesFrom: the same name, the same labels as upstream's own series.
func seriesFrom(vec *basemetrics.CounterVec, values []string) (string, error) {
	var m dto.Metric
	if err := vec.WithLabelValues(values...).(basemetrics.Metric).Write(&m); err != nil {
		return "", err
	}
	labels := map[string]string{}
	for _, pair := range m.GetLabel() {
		labels[pair.GetName()] = pair.GetValue()
	}
	return seriesOf(vec.FQName(), labels), nil
}

func validateCounterMetric(ctx context.Context, t *testing.T, vec *basemetrics.CounterVec, want metricLabelsWithValue) {
	t.Helper()
	series, err := seriesFrom(vec, want.Labels)
	if err != nil {
		t.Fatalf("failed to name a metric: %v", err)
	}
	validateSeries(ctx, t, series, want.Value)
}

func validateSeries(ctx context.Context, t *testing.T, series string, want int) {
	t.Helper()
	var got float64
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		got = counts.value(series)
		return int(got) == want, nil
	})
	if err != nil {
		t.Errorf("metric %s: want %d, got %v", series, want, got)
	}
}
