// The program behind `make image`, `make push`, `make dist` and `make krew`: it writes archives with the same bytes from the
// same input. What it packs, the scripts beside it have built.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

const usage = `usage:
  release image -out FILE.tar -name IMAGE -version V -revision R -created SECONDS [-source URL] LICENSE=FILE amd64=FILE arm64=FILE
  release push -archive FILE.tar IMAGE
  release pack -out FILE.tar.gz -created SECONDS NAME=FILE…
  release krew -out FILE.yaml -version V -url URL [-homepage URL] FOLDER
  release sbom -out FILE.json -name IMAGE -version V -program FILE.json
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	verbs := map[string]func(*flag.FlagSet, []string) error{
		"image": imageVerb, "push": pushVerb, "pack": packVerb, "krew": krewVerb, "sbom": sbomVerb,
	}
	verb, known := verbs[os.Args[1]]
	if !known {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	if err := verb(flags, os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// A file of an archive: its name there, and where it is now.
type file struct{ name, path string }

// pairs reads NAME=PATH arguments, in the order given.
func pairs(args []string) ([]file, error) {
	var all []file
	for _, arg := range args {
		name, path, found := strings.Cut(arg, "=")
		if !found || name == "" || path == "" {
			return nil, fmt.Errorf("%q is not NAME=FILE", arg)
		}
		all = append(all, file{name, path})
	}
	return all, nil
}

// created is the flag of the time that archives carry instead of the clock's.
func created(flags *flag.FlagSet) func() time.Time {
	seconds := flags.Int64("created", 0, "seconds since 1970")
	return func() time.Time { return time.Unix(*seconds, 0).UTC() }
}

func pushVerb(flags *flag.FlagSet, args []string) error {
	archive := flags.String("archive", "", "what `release image` wrote")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *archive == "" {
		return fmt.Errorf("give -archive FILE.tar and one image name")
	}
	digest, err := push(*archive, flags.Arg(0))
	if err != nil {
		return err
	}
	fmt.Println(digest)
	return nil
}
