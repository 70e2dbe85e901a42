// rewrite FROM TO: changes Kubernetes' job_test.go so that it judges a process instead of a controller of its own.
//
// Every change is made by the shape of the code and must find what it looks for: when upstream moves, this fails with
// words rather than let a test pass that looks at nothing.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
)

// Left out of upstream's file: tests/upstream/job has its own under these names.
var ownFunctions = []string{
	// a process that is started and killed
	"createJobControllerWithSharedInformers", "startJobControllerAndWaitForCaches",
	// metrics are read from the process
	"resetMetrics", "validateCounterMetric",
}

func main() {
	if len(os.Args) != 3 {
		fail("usage: rewrite FROM TO")
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, os.Args[1], nil, parser.ParseComments)
	if err != nil {
		fail("failed to read upstream's test: %v", err)
	}
	for _, name := range ownFunctions {
		remove(file, name)
	}
	// Each Job is given spec.managedBy: ours calls upstream's, which fills in the rest.
	rename(file, "createJobWithDefaults", "upstreamCreateJobWithDefaults")
	// In the tests of managedBy "the well known value" is ours, and other values are still others'.
	replaceSelector(file, "batchv1", "JobControllerName", "ourName")
	skipFirst(file)
	dropUnusedImports(file)

	var out bytes.Buffer
	if err := format.Node(&out, files, file); err != nil {
		fail("failed to print the changed test: %v", err)
	}
	if err := os.WriteFile(os.Args[2], out.Bytes(), 0o644); err != nil {
		fail("%v", err)
	}
}

func fail(words string, about ...any) {
	fmt.Fprintf(os.Stderr, "error: "+words+"\n", about...)
	os.Exit(1)
}

func function(file *ast.File, name string) (int, *ast.FuncDecl) {
	for i, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == name {
			return i, f
		}
	}
	fail("upstream's job_test.go has no function %s any more: look what became of it", name)
	return 0, nil
}

func remove(file *ast.File, name string) {
	i, f := function(file, name)
	file.Decls = append(file.Decls[:i], file.Decls[i+1:]...)
	// its comments would land somewhere else
	var left []*ast.CommentGroup
	for _, group := range file.Comments {
		begin := f.Pos()
		if f.Doc != nil {
			begin = f.Doc.Pos()
		}
		if group.Pos() < begin || group.End() > f.End() {
			left = append(left, group)
		}
	}
	file.Comments = left
}

// rename changes the declaration alone: who calls the old name gets ours.
func rename(file *ast.File, from, to string) {
	_, f := function(file, from)
	f.Name.Name = to
}

func replaceSelector(file *ast.File, pkg, name, by string) {
	found := 0
	replace := func(e ast.Expr) ast.Expr {
		if s, ok := e.(*ast.SelectorExpr); ok && s.Sel.Name == name {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == pkg {
				found++
				return ast.NewIdent(by)
			}
		}
		return e
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			for i := range n.Args {
				n.Args[i] = replace(n.Args[i])
			}
		case *ast.CompositeLit:
			for i := range n.Elts {
				n.Elts[i] = replace(n.Elts[i])
			}
		case *ast.KeyValueExpr:
			n.Value = replace(n.Value)
		}
		return true
	})
	if found == 0 {
		fail("upstream's job_test.go does not use %s.%s any more", pkg, name)
	}
}

// skipFirst: each test and subtest looks first whether it is listed in skipped.tsv.
func skipFirst(file *ast.File) {
	tests := 0
	ask := func(f *ast.FuncType, body *ast.BlockStmt) {
		if len(f.Params.List) != 1 || len(f.Params.List[0].Names) != 1 || !isTesting(f.Params.List[0].Type) {
			return
		}
		at := body.Lbrace + 1 // before the comments of the body
		call := &ast.CallExpr{
			Fun:    &ast.Ident{Name: "skipIfListed", NamePos: at},
			Lparen: at,
			Args:   []ast.Expr{&ast.Ident{Name: f.Params.List[0].Names[0].Name, NamePos: at}},
			Rparen: at,
		}
		body.List = append([]ast.Stmt{&ast.ExprStmt{X: call}}, body.List...)
		tests++
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if strings.HasPrefix(n.Name.Name, "Test") {
				ask(n.Type, n.Body)
			}
		case *ast.CallExpr: // t.Run(name, func(t *testing.T) {…})
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Run" && len(n.Args) == 2 {
				if f, ok := n.Args[1].(*ast.FuncLit); ok {
					ask(f.Type, f.Body)
				}
			}
		}
		return true
	})
	if tests == 0 {
		fail("no test found in upstream's job_test.go")
	}
}

func isTesting(e ast.Expr) bool {
	star, ok := e.(*ast.StarExpr)
	if !ok {
		return false
	}
	s, ok := star.X.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "T"
}

func dropUnusedImports(file *ast.File) {
	used := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				used[x.Name] = true
			}
		}
		return true
	})
	for _, decl := range file.Decls {
		imports, ok := decl.(*ast.GenDecl)
		if !ok || imports.Tok != token.IMPORT {
			continue
		}
		var left []ast.Spec
		for _, spec := range imports.Specs {
			if used[importName(spec.(*ast.ImportSpec))] {
				left = append(left, spec)
			}
		}
		imports.Specs = left
	}
}

func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		fail("not an import: %s", spec.Path.Value)
	}
	parts := strings.Split(path, "/")
	last := parts[len(parts)-1]
	if strings.HasPrefix(last, "v") && len(parts) > 1 { // klog/v2
		if _, err := strconv.Atoi(last[1:]); err == nil {
			last = parts[len(parts)-2]
		}
	}
	return last
}
