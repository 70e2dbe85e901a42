package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const imageName = "sidecarjob.dev/controller:dev"

func example() spec {
	when := time.Unix(1_700_000_000, 0).UTC()
	return spec{
		labels: labels("0.1.0", "abc", "https://example.com/sidecarjob", when), created: when, license: []byte("Apache"),
		programs: []program{{"amd64", []byte("program of amd64")}, {"arm64", []byte("program of arm64")}},
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// archived is an archive, and the index that is in it.
func archived(t *testing.T, what spec) (string, v1.ImageIndex) {
	t.Helper()
	body, _, err := ociArchive(what, must(name.NewTag(imageName)), imageName)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "image.tar")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unpack(path, folder); err != nil {
		t.Fatal(err)
	}
	return path, must(inner(folder))
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	first, _ := archived(t, example())
	second, _ := archived(t, example())
	if !bytes.Equal(must(os.ReadFile(first)), must(os.ReadFile(second))) {
		t.Error("two archives of one input differ")
	}
	other := example()
	other.programs[1].body = []byte("another program")
	third, _ := archived(t, other)
	if bytes.Equal(must(os.ReadFile(first)), must(os.ReadFile(third))) {
		t.Error("two archives of different programs are alike")
	}
}

func TestEachPlatformHasItsProgramAndTheUserOfTheDeployment(t *testing.T) {
	_, all := archived(t, example())
	if err := validate.Index(all); err != nil {
		t.Fatal(err)
	}
	manifests := must(all.IndexManifest()).Manifests
	if len(manifests) != 2 {
		t.Fatalf("%d platforms, not two", len(manifests))
	}
	for i, arch := range []string{"amd64", "arm64"} {
		image := must(all.Image(manifests[i].Digest))
		config := must(image.ConfigFile())
		if manifests[i].Platform.String() != "linux/"+arch || config.Architecture != arch || config.Config.User != "65532:65532" {
			t.Errorf("%s: platform %s, architecture %s, user %s", arch, manifests[i].Platform, config.Architecture, config.Config.User)
		}
		files := filesOf(t, image)
		if string(files["sidecarjob"]) != "program of "+arch {
			t.Errorf("%s: the program is %q", arch, files["sidecarjob"])
		}
		for _, name := range []string{rootsPath, "etc/passwd", "etc/group", "LICENSE"} {
			if len(files[name]) == 0 {
				t.Errorf("%s: %s is not in the image", arch, name)
			}
		}
	}
}

// filesOf is what a container sees.
func filesOf(t *testing.T, image v1.Image) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, layer := range must(image.Layers()) {
		for from := tar.NewReader(must(layer.Uncompressed())); ; {
			header, err := from.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if header.Uid != 0 || header.ModTime.Unix() != 0 || header.Mode&0o022 != 0 {
				t.Errorf("%s: user %d, time %v, mode %o", header.Name, header.Uid, header.ModTime, header.Mode)
			}
			files[strings.TrimSuffix(header.Name, "/")] = must(io.ReadAll(from))
		}
	}
	return files
}

func TestTheIndexTheManifestsAndTheConfigsSayWhatTheImageIs(t *testing.T) {
	_, all := archived(t, example())
	index := must(all.IndexManifest())
	told := []map[string]string{index.Annotations}
	for _, one := range index.Manifests {
		image := must(all.Image(one.Digest))
		told = append(told, must(image.Manifest()).Annotations, must(image.ConfigFile()).Config.Labels)
	}
	for _, words := range told {
		for key, value := range map[string]string{
			"title": "sidecarjob", "version": "0.1.0", "revision": "abc", "source": "https://example.com/sidecarjob",
			"licenses": "Apache-2.0", "created": "2023-11-14T22:13:20Z",
		} {
			if words["org.opencontainers.image."+key] != value {
				t.Errorf("%s is %q, not %q", key, words["org.opencontainers.image."+key], value)
			}
		}
	}
}

func TestAPushBringsEveryPlatformToARegistry(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	path, all := archived(t, example())
	image := strings.TrimPrefix(server.URL, "http://") + "/sidecarjob:0.1.0"
	pushed, err := push(path, image)
	if err != nil {
		t.Fatal(err)
	}
	if digest := must(all.Digest()).String(); !strings.HasSuffix(pushed, "/sidecarjob@"+digest) {
		t.Errorf("pushed %s, not %s", pushed, digest)
	}
	there := must(remote.Index(must(name.ParseReference(image))))
	if err := validate.Index(there); err != nil {
		t.Error(err)
	}
	if must(there.Digest()) != must(all.Digest()) {
		t.Error("the registry has another index")
	}
}

func TestADockerWithoutAnImageStoreOfPlatformsReadsEachOneUnderItsName(t *testing.T) {
	path, _ := archived(t, example())
	for tag, arch := range map[string]string{imageName: "amd64", imageName + "-arm64": "arm64"} {
		image, err := tarball.ImageFromPath(path, ptr(must(name.NewTag(tag))))
		if err != nil {
			t.Fatalf("%s: %v", tag, err)
		}
		if err := validate.Image(image); err != nil {
			t.Errorf("%s: %v", tag, err)
		}
		if found := must(image.ConfigFile()).Architecture; found != arch {
			t.Errorf("%s is of %s", tag, found)
		}
	}
}

func ptr[T any](value T) *T { return &value }

func TestAnArchiveThatIsNotOursIsRefused(t *testing.T) {
	evil := filepath.Join(t.TempDir(), "evil.tar")
	var body bytes.Buffer
	to := tar.NewWriter(&body)
	_ = to.WriteHeader(&tar.Header{Name: "../out", Mode: 0o644, Typeflag: tar.TypeReg})
	_ = to.Close()
	if err := os.WriteFile(evil, body.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := push(evil, "localhost:1/a:b"); err == nil || !strings.Contains(err.Error(), "outside of its folder") {
		t.Errorf("the error is %v", err)
	}
}

func TestTheCertificateAuthoritiesAreRead(t *testing.T) {
	count := 0
	for rest := roots(); ; count++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if authority, err := x509.ParseCertificate(block.Bytes); err != nil || !authority.IsCA {
			t.Errorf("certificate %d: %v", count, err)
		}
	}
	if count < 100 {
		t.Errorf("%d authorities are too few", count)
	}
}
