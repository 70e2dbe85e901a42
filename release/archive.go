package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// ociArchive is an OCI image layout as a tar, with Docker's manifest.json beside it.
func ociArchive(what spec, tag name.Tag, image string) ([]byte, v1.ImageIndex, error) {
	all, err := index(what)
	if err != nil {
		return nil, nil, err
	}
	named := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{
		Add: all,
		Descriptor: v1.Descriptor{Annotations: map[string]string{
			"org.opencontainers.image.ref.name": tag.TagStr(),
			"io.containerd.image.name":          image,
		}},
	})
	folder, err := os.MkdirTemp("", "image")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(folder)
	if _, err := layout.Write(folder, named); err != nil {
		return nil, nil, fmt.Errorf("failed to write the image layout: %w", err)
	}
	entries, err := filesBelow(folder)
	if err != nil {
		return nil, nil, err
	}
	docker, err := dockerManifest(what, image, all)
	if err != nil {
		return nil, nil, err
	}
	entries = append(entries, entry{"manifest.json", 0o644, docker})
	var out bytes.Buffer
	err = writeTar(&out, entries, what.created)
	return out.Bytes(), all, err
}

func filesBelow(folder string) ([]entry, error) {
	var all []entry
	err := filepath.WalkDir(folder, func(path string, found os.DirEntry, err error) error {
		if err != nil || found.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(folder, path)
		all = append(all, entry{filepath.ToSlash(inside), 0o644, body})
		return err
	})
	return all, err
}

// unpack writes the files of an archive that ociArchive made into the folder.
func unpack(archive, folder string) error {
	opened, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer opened.Close()
	for from := tar.NewReader(opened); ; {
		header, err := from.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s is no archive of `make image`: %w", archive, err)
		}
		if !filepath.IsLocal(header.Name) {
			return fmt.Errorf("%s has a file outside of its folder: %s", archive, header.Name)
		}
		path := filepath.Join(folder, header.Name)
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = copyTo(path, from)
		}
		if err != nil {
			return err
		}
	}
}

func copyTo(path string, from io.Reader) error {
	body, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o644)
}

// push brings the image of every architecture to a registry, with the credentials of Docker's configuration, and returns
// IMAGE@DIGEST.
func push(archive, image string) (string, error) {
	to, err := name.ParseReference(image)
	if err != nil {
		return "", fmt.Errorf("%q is not the name of an image: %w", image, err)
	}
	folder, err := os.MkdirTemp("", "push")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	if err := unpack(archive, folder); err != nil {
		return "", err
	}
	all, err := inner(folder)
	if err != nil {
		return "", fmt.Errorf("%s is no archive of `make image`: %w", archive, err)
	}
	if err := remote.WriteIndex(to, all, remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return "", fmt.Errorf("failed to push %s: %w", image, err)
	}
	digest, err := all.Digest()
	return to.Context().Name() + "@" + digest.String(), err
}

// inner is the index of the architectures: index.json names it alone.
func inner(folder string) (v1.ImageIndex, error) {
	outer, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return nil, err
	}
	manifest, err := outer.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("index.json names %d images, not one", len(manifest.Manifests))
	}
	return outer.ImageIndex(manifest.Manifests[0].Digest)
}
