package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// The tests beside the scripts, in the form that Argo CD's own repository demands.
type healthTests struct {
	Tests []struct {
		InputPath    string `json:"inputPath"`
		HealthStatus health `json:"healthStatus"`
	} `json:"tests"`
}

type actionTests struct {
	DiscoveryTests []struct {
		InputPath string `json:"inputPath"`
		Result    []struct {
			Name        string `json:"name"`
			DisplayName string `json:"displayName"`
			IconClass   string `json:"iconClass"`
		} `json:"result"`
	} `json:"discoveryTests"`
	ActionTests []struct {
		Action             string `json:"action"`
		InputPath          string `json:"inputPath"`
		ExpectedOutputPath string `json:"expectedOutputPath"`
	} `json:"actionTests"`
}

// cases runs health_test.yaml and action_test.yaml of each kind, and gives a line for each case that fails.
func (c customizations) cases() ([]string, error) {
	var failed []string
	said := 0
	tell := func(path, input string, want, have any) {
		said++
		if !reflect.DeepEqual(want, have) {
			failed = append(failed, fmt.Sprintf("%s: %s: want %v, have %v", path, input, want, have))
		}
	}
	healths, err := filepath.Glob(filepath.Join(string(c), "*", "*", "health_test.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range healths {
		if err := c.healthCases(path, tell); err != nil {
			return nil, err
		}
	}
	actions, err := filepath.Glob(filepath.Join(string(c), "*", "*", "actions", "action_test.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range actions {
		if err := c.actionCases(path, tell); err != nil {
			return nil, err
		}
	}
	if said == 0 {
		return nil, fmt.Errorf("%s has no tests", c)
	}
	return failed, nil
}

func (c customizations) healthCases(path string, tell func(path, input string, want, have any)) error {
	var tests healthTests
	if err := readYAML(path, &tests); err != nil {
		return err
	}
	for _, test := range tests.Tests {
		object, err := readObject(filepath.Join(filepath.Dir(path), test.InputPath))
		if err != nil {
			return err
		}
		have, err := c.health(object)
		if err != nil {
			return err
		}
		tell(path, test.InputPath, test.HealthStatus, *have)
	}
	return nil
}

func (c customizations) actionCases(path string, tell func(path, input string, want, have any)) error {
	var tests actionTests
	if err := readYAML(path, &tests); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	for _, test := range tests.DiscoveryTests {
		object, err := readObject(filepath.Join(dir, test.InputPath))
		if err != nil {
			return err
		}
		have, err := c.actions(object)
		if err != nil {
			return err
		}
		want := []string{}
		for _, action := range test.Result {
			want = append(want, action.Name)
		}
		slices.Sort(want)
		tell(path, test.InputPath, want, have)
	}
	for _, test := range tests.ActionTests {
		object, err := readObject(filepath.Join(dir, test.InputPath))
		if err != nil {
			return err
		}
		have, err := c.act(object, test.Action)
		if err != nil {
			return err
		}
		want, err := readObject(filepath.Join(dir, test.ExpectedOutputPath))
		if err != nil {
			return err
		}
		result := (&unstructured.Unstructured{Object: have[0].Resource}).DeepCopy()
		if have[0].Operation == "create" { // the name and the annotations have the time at which the action ran
			result.SetName(want.GetName())
			result.SetAnnotations(want.GetAnnotations())
		}
		tell(path, test.Action+" "+test.InputPath, text(want), text(result))
	}
	return nil
}

// text is the object as JSON, with its numbers in one form.
func text(object *unstructured.Unstructured) string {
	json, err := object.MarshalJSON()
	check("write an object", err)
	return string(json)
}

func readObject(path string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	return object, readYAML(path, &object.Object)
}

func readYAML(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
