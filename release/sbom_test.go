package main

import (
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
)

func programsList(t *testing.T) cyclonedx.BOM {
	t.Helper()
	const text = `{"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"metadata": {"component": {"type": "application", "bom-ref": "program", "name": "sidecarjob", "version": "0.1.0"}},
		"components": [{"type": "library", "bom-ref": "kube", "name": "kube", "version": "5.0.0"}],
		"dependencies": [{"ref": "program", "dependsOn": ["kube"]}]}`
	var list cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(strings.NewReader(text), cyclonedx.BOMFileFormatJSON).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestTheListOfTheImageHasTheProgramItsLibrariesAndTheAuthorities(t *testing.T) {
	list := programsList(t)
	if err := ofImage(&list, imageName, "0.1.0", "v1.2.3"); err != nil {
		t.Fatal(err)
	}
	if itself := list.Metadata.Component; itself.Type != cyclonedx.ComponentTypeContainer || itself.Name != imageName {
		t.Errorf("the list is of %s %s", itself.Type, itself.Name)
	}
	var names []string
	for _, part := range *list.Components {
		names = append(names, part.Name)
	}
	if found := strings.Join(names, " "); found != "kube sidecarjob "+rootsModule {
		t.Errorf("the parts are %s", found)
	}
	first := (*list.Dependencies)[0]
	if first.Ref != "image" || strings.Join(*first.Dependencies, " ") != "program pkg:golang/"+rootsModule+"@v1.2.3" {
		t.Errorf("the image depends on %v", *first.Dependencies)
	}
}

func TestAListWithoutAProgramIsRefused(t *testing.T) {
	list := programsList(t)
	list.Metadata = nil
	if err := ofImage(&list, imageName, "0.1.0", "v1.2.3"); err == nil {
		t.Error("it was taken")
	}
}
