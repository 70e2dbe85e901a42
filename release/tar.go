package main

import (
	"archive/tar"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"time"

	"github.com/klauspost/compress/gzip"
)

// An entry of an archive. A folder has a nil body.
type entry struct {
	name string
	mode int64
	body []byte
}

// writeTar writes the entries sorted by name, of user 0, with one time. The folders above an entry come before it.
func writeTar(to io.Writer, entries []entry, when time.Time) error {
	all := map[string]entry{}
	for _, one := range entries {
		for above := path.Dir(one.name); above != "."; above = path.Dir(above) {
			if _, given := all[above]; !given {
				all[above] = entry{name: above, mode: 0o755}
			}
		}
		all[one.name] = one
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	sort.Strings(names)
	archive := tar.NewWriter(to)
	for _, name := range names {
		one := all[name]
		header := &tar.Header{Name: name, Mode: one.mode, ModTime: when, Typeflag: tar.TypeReg, Size: int64(len(one.body))}
		if one.body == nil {
			header.Typeflag, header.Name = tar.TypeDir, name+"/"
		}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("failed to write %s into the archive: %w", name, err)
		}
		if _, err := archive.Write(one.body); err != nil {
			return fmt.Errorf("failed to write %s into the archive: %w", name, err)
		}
	}
	return archive.Close()
}

// gzipped compresses with a library that go.sum pins: the one of Go may give other bytes after an update of Go.
func gzipped(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	to, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := to.Write(plain); err != nil {
		return nil, err
	}
	if err := to.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// replace writes the file at once, or leaves the one that is there.
func replace(name string, bytes []byte) error {
	if err := os.WriteFile(name+".new", bytes, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

func packVerb(flags *flag.FlagSet, args []string) error {
	out, when := flags.String("out", "", "the archive"), created(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	files, err := pairs(flags.Args())
	if err != nil || *out == "" || len(files) == 0 {
		return fmt.Errorf("give -out FILE.tar.gz and NAME=FILE arguments (%v)", err)
	}
	var entries []entry
	for _, one := range files {
		body, err := os.ReadFile(one.path)
		if err != nil {
			return err
		}
		info, err := os.Stat(one.path)
		if err != nil {
			return err
		}
		mode := int64(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		entries = append(entries, entry{one.name, mode, body})
	}
	var plain bytes.Buffer
	if err := writeTar(&plain, entries, when()); err != nil {
		return err
	}
	packed, err := gzipped(plain.Bytes())
	if err != nil {
		return err
	}
	return replace(*out, packed)
}
