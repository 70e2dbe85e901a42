package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The user of the image, as config/controller/deployment.yaml has it.
const user = "65532:65532"

// Where the program looks for certificate authorities.
const rootsPath = "etc/ssl/certs/ca-certificates.crt"

// What an image is made of.
type spec struct {
	labels  map[string]string
	created time.Time
	license []byte
	// by architecture, in the order of the index
	programs []program
}

type program struct {
	arch string
	body []byte
}

func imageVerb(flags *flag.FlagSet, args []string) error {
	out, image, when := flags.String("out", "", ""), flags.String("name", "", ""), created(flags)
	version, revision, source := flags.String("version", "", ""), flags.String("revision", "", ""), flags.String("source", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	files, err := pairs(flags.Args())
	if err != nil {
		return err
	}
	tag, err := name.NewTag(*image)
	if err != nil {
		return fmt.Errorf("%q is not the name of an image: %w", *image, err)
	}
	what := spec{labels: labels(*version, *revision, *source, when()), created: when()}
	for _, one := range files {
		body, err := os.ReadFile(one.path)
		if err != nil {
			return err
		}
		if one.name == "LICENSE" {
			what.license = body
		} else {
			what.programs = append(what.programs, program{one.name, body})
		}
	}
	archive, index, err := ociArchive(what, tag, *image)
	if err != nil {
		return err
	}
	if err := replace(*out, archive); err != nil {
		return err
	}
	return report(os.Stdout, *image, index)
}

// labels are the annotations of the OCI image specification that say what this is.
func labels(version, revision, source string, when time.Time) map[string]string {
	const prefix = "org.opencontainers.image."
	all := map[string]string{
		prefix + "title":       "sidecarjob",
		prefix + "description": "A Kubernetes Job that knows which containers of its Pod are sidecars",
		prefix + "version":     version,
		prefix + "revision":    revision,
		prefix + "licenses":    "Apache-2.0",
		prefix + "created":     when.Format(time.RFC3339),
	}
	if source != "" {
		all[prefix+"source"] = source
	}
	return all
}

// index is the image of every architecture.
func index(what spec) (v1.ImageIndex, error) {
	base, err := layer([]entry{
		{rootsPath, 0o644, roots()},
		{"etc/passwd", 0o644, []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n")},
		{"etc/group", 0o644, []byte("root:x:0:\nnonroot:x:65532:\n")},
		{"LICENSE", 0o644, what.license},
	})
	if err != nil {
		return nil, err
	}
	all := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, one := range what.programs {
		image, err := imageOf(what, one, base)
		if err != nil {
			return nil, fmt.Errorf("failed to make the image for %s: %w", one.arch, err)
		}
		platform := &v1.Platform{OS: "linux", Architecture: one.arch}
		all = mutate.AppendManifests(all, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	return mutate.Annotations(all, what.labels).(v1.ImageIndex), nil
}

func imageOf(what spec, one program, base v1.Layer) (v1.Image, error) {
	own, err := layer([]entry{{"sidecarjob", 0o755, one.body}})
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	history := func(words string) v1.History {
		return v1.History{Created: v1.Time{Time: what.created}, CreatedBy: words}
	}
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: base, History: history("certificate authorities, users, LICENSE")},
		mutate.Addendum{Layer: own, History: history("the program sidecarjob")})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", one.arch, v1.Time{Time: what.created}
	config.Config = v1.Config{
		User: user, Entrypoint: []string{"/sidecarjob"}, WorkingDir: "/", Labels: what.labels,
	}
	image, err = mutate.ConfigFile(image, config)
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(image, what.labels).(v1.Image), nil
}

// layer is a compressed layer whose files have no time.
func layer(entries []entry) (v1.Layer, error) {
	var plain bytes.Buffer
	if err := writeTar(&plain, entries, time.Unix(0, 0).UTC()); err != nil {
		return nil, err
	}
	packed, err := gzipped(plain.Bytes())
	if err != nil {
		return nil, err
	}
	opener := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed)), nil }
	return tarball.LayerFromOpener(opener, tarball.WithMediaType(types.OCILayer))
}

// report prints the digests, and what a node downloads.
func report(to io.Writer, image string, index v1.ImageIndex) error {
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	manifests, err := index.IndexManifest()
	if err != nil {
		return err
	}
	fmt.Fprintf(to, "%s@%s\n", image, digest)
	for _, one := range manifests.Manifests {
		platform, err := index.Image(one.Digest)
		if err != nil {
			return err
		}
		size, err := downloaded(platform)
		if err != nil {
			return err
		}
		fmt.Fprintf(to, "  %s/%s  %s  %.1f MB to download\n", one.Platform.OS, one.Platform.Architecture, one.Digest, float64(size)/1e6)
	}
	return nil
}

func downloaded(image v1.Image) (int64, error) {
	layers, err := image.Layers()
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, one := range layers {
		size, err := one.Size()
		if err != nil {
			return 0, err
		}
		sum += size
	}
	return sum, nil
}

// dockerManifest is what a Docker without containerd's image store reads instead of the index. It knows no platforms: the
// first one has the name, each other one the name with the architecture behind it.
func dockerManifest(what spec, image string, index v1.ImageIndex) ([]byte, error) {
	type saved struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	manifests, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var all []saved
	for i, one := range manifests.Manifests {
		platform, err := index.Image(one.Digest)
		if err != nil {
			return nil, err
		}
		manifest, err := platform.Manifest()
		if err != nil {
			return nil, err
		}
		tag := image
		if i > 0 {
			tag = image + "-" + what.programs[i].arch
		}
		entry := saved{Config: blob(manifest.Config.Digest), RepoTags: []string{tag}}
		for _, layer := range manifest.Layers {
			entry.Layers = append(entry.Layers, blob(layer.Digest))
		}
		all = append(all, entry)
	}
	return json.Marshal(all)
}

// blob is the path of a blob in an OCI image layout.
func blob(digest v1.Hash) string { return "blobs/" + strings.Replace(digest.String(), ":", "/", 1) }
