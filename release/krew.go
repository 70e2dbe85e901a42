package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"text/template"
)

//go:embed krew.yaml.tmpl
var krewTemplate string

// What krew installs on one platform.
type platform struct{ OS, Arch, URL, SHA256 string }

func krewVerb(flags *flag.FlagSet, args []string) error {
	out, version := flags.String("out", "", ""), flags.String("version", "", "")
	url, homepage := flags.String("url", "", "where the archives are"), flags.String("homepage", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *url == "" {
		return fmt.Errorf("give -url and the folder of the archives")
	}
	platforms, err := platformsIn(flags.Arg(0), *version, *url)
	if err != nil {
		return err
	}
	manifest, err := krewManifest(*version, *homepage, platforms)
	if err != nil {
		return err
	}
	return replace(*out, manifest)
}

// platformsIn finds the archives of that version, as `make dist` names them.
func platformsIn(folder, version, url string) ([]platform, error) {
	found, err := filepath.Glob(filepath.Join(folder, "kubectl-sidecarjob-"+version+"-*.tar.gz"))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no archive of version %s: run make dist first", folder, version)
	}
	sort.Strings(found)
	named := regexp.MustCompile(`-(linux|darwin)-(amd64|arm64)\.tar\.gz$`)
	var all []platform
	for _, path := range found {
		match := named.FindStringSubmatch(path)
		if match == nil {
			return nil, fmt.Errorf("the name of %s does not end with -OS-ARCH.tar.gz", path)
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		sum := fmt.Sprintf("%x", sha256.Sum256(body))
		all = append(all, platform{match[1], match[2], strings.TrimRight(url, "/") + "/" + filepath.Base(path), sum})
	}
	return all, nil
}

func krewManifest(version, homepage string, platforms []platform) ([]byte, error) {
	parsed, err := template.New("krew").Option("missingkey=error").Parse(krewTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, map[string]any{"Version": version, "Homepage": homepage, "Platforms": platforms})
	return out.Bytes(), err
}
