package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/CycloneDX/cyclonedx-go"
)

// The module that roots.go takes the certificate authorities from.
const rootsModule = "golang.org/x/crypto/x509roots/fallback"

func sbomVerb(flags *flag.FlagSet, args []string) error {
	out, image := flags.String("out", "", ""), flags.String("name", "", "")
	version, program := flags.String("version", "", ""), flags.String("program", "", "the program's own list")
	if err := flags.Parse(args); err != nil {
		return err
	}
	opened, err := os.Open(*program)
	if err != nil {
		return err
	}
	defer opened.Close()
	var list cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(opened, cyclonedx.BOMFileFormatJSON).Decode(&list); err != nil {
		return fmt.Errorf("failed to read %s: %w", *program, err)
	}
	rootsVersion, err := versionOf(rootsModule)
	if err != nil {
		return err
	}
	if err := ofImage(&list, *image, *version, rootsVersion); err != nil {
		return err
	}
	var body bytes.Buffer
	encoder := cyclonedx.NewBOMEncoder(&body, cyclonedx.BOMFileFormatJSON).SetPretty(true)
	if err := encoder.Encode(&list); err != nil {
		return err
	}
	return replace(*out, body.Bytes())
}

// ofImage makes the list of a program the list of the image: the image holds the program and the certificate authorities.
func ofImage(list *cyclonedx.BOM, image, version, rootsVersion string) error {
	if list.Metadata == nil || list.Metadata.Component == nil || list.Components == nil {
		return fmt.Errorf("the program's list names no program or no libraries")
	}
	program := *list.Metadata.Component
	authorities := authorities(rootsVersion)
	itself := cyclonedx.Component{BOMRef: "image", Type: cyclonedx.ComponentTypeContainer, Name: image, Version: version}
	list.Metadata.Component = &itself
	*list.Components = append(*list.Components, program, authorities)
	dependencies := []cyclonedx.Dependency{{Ref: itself.BOMRef, Dependencies: &[]string{program.BOMRef, authorities.BOMRef}}}
	if list.Dependencies != nil {
		dependencies = append(dependencies, *list.Dependencies...)
	}
	list.Dependencies = &dependencies
	return nil
}

// versionOf is the version of a module that this program was built of.
func versionOf(path string) (string, error) {
	if build, known := debug.ReadBuildInfo(); known {
		for _, module := range build.Deps {
			if module.Path == path {
				return module.Version, nil
			}
		}
	}
	return "", fmt.Errorf("this program does not know its version of %s: build it in release/ with go build", path)
}

// authorities is the file of certificate authorities, with the version of the module that it comes from.
func authorities(version string) cyclonedx.Component {
	purl := "pkg:golang/" + rootsModule + "@" + version
	return cyclonedx.Component{
		BOMRef: purl, Type: cyclonedx.ComponentTypeData, Name: rootsModule, Version: version, PackageURL: purl,
		Description: "/" + rootsPath + ": Mozilla's certificate authorities",
		Hashes:      &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sha256.Sum256(roots()))}},
	}
}
