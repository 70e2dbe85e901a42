// What do the rules of a CRD cost an API server at one write? Kubernetes' own validator says so.
//
// Standard input is JSON: the folder of the CRDs and a list of writes, each with the object before the write, if there is one,
// and after it. Standard output is JSON: for each write, the bytes that the validator allocates for the rules, the cost by
// CEL's own count, and the messages of the rules that refuse the write.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	utiljson "k8s.io/apimachinery/pkg/util/json" // reads whole numbers as such, as the API server does
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"sigs.k8s.io/yaml"
)

// times is how often each write is validated: the bytes are the mean.
const times = 200

type object = map[string]any

type write struct {
	Before object `json:"before"`
	After  object `json:"after"`
}

type cost struct {
	Bytes   uint64   `json:"bytes"`
	Cost    int64    `json:"cost"`
	Refused []string `json:"refused"`
}

// kind is what the API server holds for one kind.
type kind struct {
	structural *schema.Structural
	validator  *cel.Validator
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	var ask struct {
		CRDs   string  `json:"crds"`
		Writes []write `json:"writes"`
	}
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = utiljson.Unmarshal(text, &ask)
	}
	if err != nil {
		return fmt.Errorf("read the writes: %w", err)
	}
	kinds, err := readKinds(ask.CRDs)
	if err != nil {
		return err
	}
	var costs []cost
	for _, w := range ask.Writes {
		name, _ := w.After["kind"].(string)
		k, ok := kinds[name]
		if !ok {
			return fmt.Errorf("no CRD in %s has the kind %q", ask.CRDs, name)
		}
		costs = append(costs, k.measure(w))
	}
	return json.NewEncoder(os.Stdout).Encode(costs)
}

func readKinds(folder string) (map[string]kind, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	kinds := map[string]kind{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var crd v1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(text, &crd); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		var props apiextensions.JSONSchemaProps
		version := crd.Spec.Versions[0]
		if err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &props, nil); err != nil {
			return nil, fmt.Errorf("convert the schema of %s: %w", file, err)
		}
		structural, err := schema.NewStructural(&props)
		if err != nil {
			return nil, fmt.Errorf("read the schema of %s: %w", file, err)
		}
		kinds[crd.Spec.Names.Kind] = kind{structural, cel.NewValidator(structural, true, celconfig.PerCallLimit)}
	}
	return kinds, nil
}

// measure does what registry/customresource does for the rules of a create, an update, or an update of the status.
func (k kind) measure(w write) cost {
	defaulting.Default(w.After, k.structural)
	if w.Before != nil {
		defaulting.Default(w.Before, k.structural)
	}
	result := k.validate(w) // what is made once is made now
	var begin, end runtime.MemStats
	runtime.ReadMemStats(&begin)
	for range times {
		k.validate(w)
	}
	runtime.ReadMemStats(&end)
	result.Bytes = (end.TotalAlloc - begin.TotalAlloc) / times
	return result
}

func (k kind) validate(w write) cost {
	var before any
	var options []cel.Option
	if w.Before != nil {
		before = w.Before
		correlated := common.NewCorrelatedObject(w.After, w.Before, &model.Structural{Structural: k.structural})
		options = append(options, cel.WithRatcheting(correlated))
	}
	budget := int64(celconfig.RuntimeCELCostBudget)
	errs, left := k.validator.Validate(context.Background(), nil, k.structural, w.After, before, budget, options...)
	result := cost{Cost: budget - left, Refused: []string{}}
	for _, err := range errs {
		result.Refused = append(result.Refused, err.Error())
	}
	return result
}
