local actions = {}

for _, condition in ipairs(obj.status ~= nil and obj.status.conditions or {}) do
  local known = condition.type == "SuccessCriteriaMet" or condition.type == "FailureTarget"
  if known and condition.status == "True" then
    return actions -- nothing changes the result any more
  end
end

if obj.spec.suspend then
  actions["resume"] = {["iconClass"] = "fa fa-fw fa-play"}
else
  actions["suspend"] = {["iconClass"] = "fa fa-fw fa-pause"}
  -- A suspended run has no Pods: to be rid of it, delete it.
  actions["terminate"] = {["iconClass"] = "fa fa-fw fa-stop"}
end

return actions
