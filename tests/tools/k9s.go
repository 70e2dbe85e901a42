package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/xeipuuv/gojsonschema"
	"sigs.k8s.io/yaml"
)

// k9s gives a line for each part of a file that k9s would not take: by the schemas that k9s has, in that folder of its
// module, with the library that k9s has.
func k9s(folder, schemas string) ([]string, error) {
	var unfit []string
	for _, name := range []string{"jumps", "views", "plugins"} {
		schema, err := os.ReadFile(filepath.Join(schemas, name+".json"))
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(filepath.Join(folder, name+".yaml"))
		if err != nil {
			return nil, err
		}
		var file any
		if err := yaml.Unmarshal(text, &file); err != nil {
			return nil, fmt.Errorf("%s.yaml: %w", name, err)
		}
		result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(schema), gojsonschema.NewGoLoader(file))
		if err != nil {
			return nil, fmt.Errorf("%s.yaml: %w", name, err)
		}
		for _, wrong := range result.Errors() {
			unfit = append(unfit, fmt.Sprintf("%s.yaml: %s", name, wrong))
		}
	}
	return unfit, nil
}
