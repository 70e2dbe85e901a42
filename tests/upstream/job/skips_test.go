package job

// Which of upstream's tests can't hold for a controller from outside? skipped.tsv says it, with the reason.

import (
	_ "embed"
	"path"
	"strings"
	"testing"
)

//go:embed skipped.tsv
var skipped string

// skipIfListed is put at the beginning of each test and subtest by ../rewrite.
func skipIfListed(tb testing.TB) {
	tb.Helper()
	for _, line := range strings.Split(skipped, "\n") {
		pattern, reason, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if match, err := path.Match(pattern, tb.Name()); err != nil {
			tb.Fatalf("skipped.tsv: %q: %v", pattern, err)
		} else if match {
			tb.Skip(strings.TrimSpace(reason))
		}
	}
}
