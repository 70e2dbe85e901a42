package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

// customizations is a folder in the layout of Argo CD's resource_customizations: GROUP/KIND/health.lua and
// GROUP/KIND/actions/. The functions below do what Argo CD's util/lua does with such a folder, and have no more libraries
// than a script of argocd-cm has there.
type customizations string

type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// An impact is what an action does.
type impact struct {
	Operation string         `json:"operation"`
	Resource  map[string]any `json:"resource"`
}

func (c customizations) folder(object *unstructured.Unstructured) string {
	return filepath.Join(string(c), object.GroupVersionKind().Group, object.GetKind())
}

// hookFinalizer is what Argo CD keeps a hook by until it has seen the end of the hook.
const hookFinalizer = "argocd.argoproj.io/hook-finalizer"

// health runs health.lua. Argo CD says of an object that is being deleted, whatever its kind, that it is progressing, but for
// a hook.
func (c customizations) health(object *unstructured.Unstructured) (*health, error) {
	if object.GetDeletionTimestamp() != nil && !slices.Contains(object.GetFinalizers(), hookFinalizer) {
		return &health{Status: "Progressing", Message: "Pending deletion"}, nil
	}
	said := &health{}
	if err := run(filepath.Join(c.folder(object), "health.lua"), object, said); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"Unknown", "Progressing", "Suspended", "Healthy", "Degraded", "Missing"}, said.Status) {
		return nil, fmt.Errorf("%q is no health of Argo CD", said.Status)
	}
	return said, nil
}

// actions runs discovery.lua, and gives the names of the actions that are offered.
func (c customizations) actions(object *unstructured.Unstructured) ([]string, error) {
	var offered any
	if err := run(filepath.Join(c.folder(object), "actions", "discovery.lua"), object, &offered); err != nil {
		return nil, err
	}
	names := []string{}
	table, _ := offered.(map[string]any) // an empty table of Lua becomes an empty list
	for name, options := range table {
		if options, ok := options.(map[string]any); ok && options["disabled"] == true {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// act runs action.lua. A script that gives the object itself means a patch.
func (c customizations) act(object *unstructured.Unstructured, action string) ([]impact, error) {
	var said json.RawMessage
	if err := run(filepath.Join(c.folder(object), "actions", action, "action.lua"), object, &said); err != nil {
		return nil, err
	}
	var impacts []impact
	if said[0] == '[' {
		if err := json.Unmarshal(said, &impacts); err != nil {
			return nil, err
		}
	} else {
		impacts = []impact{{Operation: "patch"}}
		if err := json.Unmarshal(said, &impacts[0].Resource); err != nil {
			return nil, err
		}
	}
	for _, impact := range impacts {
		if impact.Operation == "patch" {
			impact.Resource = keepEmptyMaps(impact.Resource, object.Object).(map[string]any)
		}
	}
	return impacts, nil
}

// keepEmptyMaps makes an empty list what it was in the object: Lua has one kind of empty table.
func keepEmptyMaps(said, was any) any {
	switch said := said.(type) {
	case map[string]any:
		was, _ := was.(map[string]any)
		for key := range said {
			said[key] = keepEmptyMaps(said[key], was[key])
		}
		return said
	case []any:
		if was, ok := was.(map[string]any); ok && len(said) == 0 && len(was) == 0 {
			return map[string]any{}
		}
		was, _ := was.([]any)
		for i := range min(len(said), len(was)) {
			said[i] = keepEmptyMaps(said[i], was[i])
		}
		return said
	}
	return said
}

// run runs a script with the global obj, and reads the table that the script returns.
func run(path string, object *unstructured.Unstructured, into any) error {
	script, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable},
	} {
		call := lua.P{Fn: l.NewFunction(library.open), Protect: true}
		if err := l.CallByParam(call, lua.LString(library.name)); err != nil {
			return fmt.Errorf("library %s: %w", library.name, err)
		}
	}
	l.PreloadModule(lua.OsLibName, safeOs)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // Argo CD: 1 s; a loaded machine is slow
	defer cancel()
	l.SetContext(ctx)
	l.SetGlobal("obj", toLua(l, object.Object))
	if err := l.DoString(string(script)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	table := l.Get(-1)
	if table.Type() != lua.LTTable {
		return fmt.Errorf("%s returns a %s, Argo CD wants a table", path, table.Type())
	}
	text, err := luajson.Encode(table)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return json.Unmarshal(text, into)
}

// toLua is Argo CD's decodeValue.
func toLua(l *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case float64:
		return lua.LNumber(value)
	case int64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		table := l.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(toLua(l, item))
		}
		return table
	case map[string]any:
		table := l.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetH(lua.LString(key), toLua(l, item))
		}
		return table
	}
	return lua.LNil
}

// safeOs is the part of the library os that Argo CD lets scripts use: time and date.
func safeOs(l *lua.LState) int {
	whole := lua.NewState()
	defer whole.Close()
	full := whole.GetGlobal(lua.OsLibName).(*lua.LTable)
	safe := l.NewTable()
	for _, name := range []string{"time", "date"} {
		function := full.RawGetString(name).(*lua.LFunction)
		safe.RawSetString(name, l.NewFunction(function.GFunction))
	}
	l.Push(safe)
	return 1
}
